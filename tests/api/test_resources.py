"""Resources through boto3: every operation on each kind, as commits, with the service's errors."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gitmesh.demo.sample import shares
from tests.api.conftest import ACCOUNT, READER, READER_SECRET, Served
from tests.support.command_line import gitmesh
from tests.support.git import git, put
from tests.support.sample_shop import sample_files

HTTP = {"portMapping": {"port": 8080, "protocol": "http"}}
DNS = {"dns": {"hostname": "a.local"}}


def refused(code: str, call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] == code, error.value
    return str(error.value.response["Error"]["Message"])


def test_every_kind_is_created_read_changed_listed_and_deleted(client: Any, served: Served) -> None:
    mesh = {"meshName": "life"}
    node = {"listeners": [HTTP], "serviceDiscovery": DNS}
    to_node = {"httpRoute": {"match": {"prefix": "/"}, "action": {
        "weightedTargets": [{"virtualNode": "n", "weight": 1}]}}}  # fmt: skip
    to_service = {"httpRoute": {"match": {"prefix": "/"}, "action": {
        "target": {"virtualService": {"virtualServiceName": "s.life.local"}}}}}  # fmt: skip
    steps: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        ("mesh", "meshes", {"meshName": "life"}, {}, {"egressFilter": {"type": "DROP_ALL"}}),
        ("virtual_node", "virtualNodes", {**mesh, "virtualNodeName": "n"}, node,
         {**node, "logging": {"accessLog": {"file": {"path": "/dev/stdout"}}}}),
        ("virtual_router", "virtualRouters", {**mesh, "virtualRouterName": "r"},
         {"listeners": [HTTP]}, {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}),
        ("route", "routes", {**mesh, "virtualRouterName": "r", "routeName": "all/of it"}, to_node,
         {**to_node, "priority": 7}),
        ("virtual_service", "virtualServices", {**mesh, "virtualServiceName": "s.life.local"},
         {"provider": {"virtualRouter": {"virtualRouterName": "r"}}}, {}),
        ("virtual_gateway", "virtualGateways", {**mesh, "virtualGatewayName": "g"},
         {"listeners": [HTTP]}, {"listeners": [HTTP], "logging": {}}),
        ("gateway_route", "gatewayRoutes",
         {**mesh, "virtualGatewayName": "g", "gatewayRouteName": "in"}, to_service,
         {**to_service, "priority": 3}),
    ]  # fmt: skip
    before = int(git(served.bare, "rev-list", "--count", "main"))
    for snake, plural, names, spec, other in steps:
        member = "".join(w.title() if at else w for at, w in enumerate(snake.split("_")))
        made = getattr(client, f"create_{snake}")(**names, spec=spec)[member]
        about = made["metadata"]
        assert (made["spec"], made["status"]) == (spec, {"status": "ACTIVE"})
        assert (about["version"], about["meshOwner"]) == (1, ACCOUNT)
        assert about["createdAt"] == about["lastUpdatedAt"]
        assert getattr(client, f"describe_{snake}")(**names)[member] == made
        refused("ConflictException", getattr(client, f"create_{snake}"), **names, spec=spec)
        changed = getattr(client, f"update_{snake}")(**names, spec=other)[member]
        assert (changed["spec"], changed["metadata"]["version"]) == (other, 2)
        assert changed["metadata"]["uid"] == about["uid"]
        again = getattr(client, f"update_{snake}")(**names, spec=other)[member]
        assert again == changed
        getattr(client, f"update_{snake}")(**names, spec=spec)
        parents = {k: v for k, v in names.items() if k != list(names)[-1]}
        listed = getattr(client, f"list_{plural_of(plural)}")(**parents)[plural]
        assert about["arn"] in [item["arn"] for item in listed]
    for snake, _, names, _, _ in steps:
        if snake in ("mesh", "virtual_node", "virtual_router", "virtual_service"):
            refused("ResourceInUseException", getattr(client, f"delete_{snake}"), **names)
    for snake, _, names, _, _ in reversed_for_deletion(steps):
        member = "".join(w.title() if at else w for at, w in enumerate(snake.split("_")))
        gone = getattr(client, f"delete_{snake}")(**names)[member]
        assert gone["status"] == {"status": "DELETED"}
        refused("NotFoundException", getattr(client, f"describe_{snake}"), **names)
    assert int(git(served.bare, "rev-list", "--count", "main")) == before + 4 * len(steps)
    assert git(served.bare, "ls-tree", "-r", "--name-only", "main", "shop/life") == ""


def plural_of(camel: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in camel)


def reversed_for_deletion(steps: list[Any]) -> list[Any]:
    order = ["gateway_route", "virtual_gateway", "virtual_service", "route", "virtual_router"]
    return sorted(steps, key=lambda s: order.index(s[0]) if s[0] in order else 9 - len(s[2]))


def test_a_write_is_a_commit_by_its_caller_in_the_document_where_it_is(
    client: Any, served: Served
) -> None:
    names = {"meshName": "shop", "virtualRouterName": "cart", "routeName": "all"}
    spec = client.describe_route(**names)["route"]["spec"]
    spec["httpRoute"]["action"]["weightedTargets"][0]["weight"] = 60
    spec["httpRoute"]["action"]["weightedTargets"][1]["weight"] = 40
    tip = git(served.bare, "rev-parse", "main")
    client.update_route(**names, spec=spec, clientToken="token-1")
    assert git(served.bare, "rev-parse", "main^") == tip
    assert git(served.bare, "log", "-1", "--format=%an <%ae> %cn", "main") == (
        "Ada <ada@shop.example> gitmesh"
    )
    told = git(served.bare, "log", "-1", "--format=%s%n%(trailers:only,unfold)", "main")
    subject, *trailers = told.splitlines()
    assert subject == "UpdateRoute mesh/shop/virtualRouter/cart/route/all"
    assert [line.partition(":")[0] for line in trailers if line] == [
        "Request-Id", "Client-Token", "Invocation-Id", "Signature-Digest", "Call-Digest", "Via",
    ]  # fmt: skip
    lines = git(served.bare, "diff", "-U0", "main^", "main").splitlines()
    assert len([line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]) == 4
    shown = gitmesh("show", "main", "--repo", served.bare)
    assert "cart-v1 100 % → 60 %" in shown.out


def test_refusals_name_what_is_wrong_and_change_nothing(client: Any, served: Served) -> None:
    tip = git(served.bare, "rev-parse", "main")
    router = {"meshName": "shop", "virtualRouterName": "cart"}
    route: dict[str, Any] = {"httpRoute": {"match": {"prefix": "/"}, "action": {
        "weightedTargets": [{"virtualNode": "gone", "weight": 1}]}}}  # fmt: skip
    words = refused("NotFoundException", client.create_route, **router, routeName="x", spec=route)
    assert 'there is no virtual node "gone" in mesh "shop"' in words
    route["httpRoute"]["match"]["prefix"] = "x"
    words = refused("BadRequestException", client.create_route, **router, routeName="x", spec=route)
    assert "spec.httpRoute.match.prefix" in words
    words = refused("NotFoundException", client.describe_virtual_node, meshName="shop",
                    virtualNodeName="nope")  # fmt: skip
    assert (
        words == f"VirtualNode with name nope is not present under mesh shop for account {ACCOUNT}"
    )
    words = refused("NotFoundException", client.list_virtual_nodes, meshName="none")
    assert words == f"Mesh with name none is not present for account {ACCOUNT}"
    refused("NotFoundException", client.describe_mesh, meshName="shop", meshOwner="999999999999")
    words = refused("ResourceInUseException", client.delete_virtual_node, meshName="shop",
                    virtualNodeName="cart-v1")  # fmt: skip
    assert "mesh/shop/virtualRouter/cart/route/all" in words
    assert git(served.bare, "rev-parse", "main") == tip


def test_pages_hold_everything_once(client: Any) -> None:
    pages = list(client.get_paginator("list_virtual_nodes").paginate(
        meshName="shop", PaginationConfig={"PageSize": 2}))  # fmt: skip
    names = [node["virtualNodeName"] for page in pages for node in page["virtualNodes"]]
    assert len(pages) > 1
    assert names == sorted(set(names))
    whole = client.list_virtual_nodes(meshName="shop")["virtualNodes"]
    assert names == [node["virtualNodeName"] for node in whole]
    token = pages[0]["nextToken"]
    for wrong in ("x", token[:-4] + "AAAA", token.replace("=", "")[1:]):
        refused("BadRequestException", client.list_virtual_nodes, meshName="shop", nextToken=wrong)
    refused("BadRequestException", client.list_virtual_routers, meshName="shop", nextToken=token)


def test_who_may_only_read_or_see_another_mesh_learns_nothing_of_this_one(served: Served) -> None:
    reader = served.client(READER, READER_SECRET)
    assert reader.list_meshes()["meshes"] == []
    words = refused("NotFoundException", reader.describe_mesh, meshName="shop")
    assert words == f"Mesh with name shop is not present for account {ACCOUNT}"
    refused("ForbiddenException", reader.create_mesh, meshName="other")
    refused("InvalidSignatureException", served.client(READER, "wrong").list_meshes)
    refused("UnrecognizedClientException", served.client("AKIDNOBODY").list_meshes)


def test_a_push_and_calls_are_one_history(client: Any, served: Served) -> None:
    put(served.bare, sample_files(shares(10)), minute=1)
    client.create_mesh(meshName="after-push")
    spec = client.describe_route(
        meshName="shop", virtualRouterName="cart", routeName="all")["route"]["spec"]  # fmt: skip
    targets = spec["httpRoute"]["action"]["weightedTargets"]
    assert [target["weight"] for target in targets] == [90, 10]
    client.delete_mesh(meshName="after-push")
    assert gitmesh("verify", served.bare).code == 0


ARTICLE = {
    "meshName": "shop",
    "spec": {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]},
    "virtualRouterName": "serviceA",
}
"""The article's serviceA-router.json."""


def test_the_command_line_of_aws_works_as_it_stands_in_the_article(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "serviceA-router.json").write_text(json.dumps(ARTICLE))
    done = aws(served, tmp_path, "create-virtual-router", "--cli-input-json",
               "file://serviceA-router.json")  # fmt: skip
    router = json.loads(done)["virtualRouter"]
    assert router["metadata"]["arn"] == (
        f"arn:aws:appmesh:eu-west-1:{ACCOUNT}:mesh/shop/virtualRouter/serviceA"
    )
    assert git(served.bare, "show", "main:shop/virtual-router/serviceA.yaml").startswith(
        "kind: VirtualRouter\nmeshName: shop\n"
    )
    found = aws(served, tmp_path, "list-virtual-routers", "--mesh-name", "shop")
    assert "serviceA" in [r["virtualRouterName"] for r in json.loads(found)["virtualRouters"]]


def aws(served: Served, folder: Path, *arguments: str) -> str:
    environment = {
        **os.environ, "AWS_ACCESS_KEY_ID": "AKIDWRITER", "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_SECRET_ACCESS_KEY": "a-secret-that-only-the-test-knows", "HOME": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    command = [sys.executable, "-m", "awscli", "--endpoint-url", served.url, "appmesh", *arguments]
    return subprocess.run(
        command, env=environment, cwd=folder, check=True, capture_output=True, text=True
    ).stdout
