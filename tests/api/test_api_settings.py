"""Settings in gitmesh.yaml for the API: the account, quotas, paths of new files, any order."""

from collections.abc import Iterator
from typing import Any

import pytest

from gitmesh.client.server_api import ServerApi
from mesh.errors import UsageError
from mesh.settings import RepositorySettings, read_settings
from tests.api.conftest import Served, serve
from tests.api.test_tags import refused
from tests.json_api.conftest import endpoint
from tests.support.command_line import gitmesh
from tests.support.git import git

SETTINGS = """\
root: shop
accountId: "210987654321"
allowDanglingReferences: true
newFiles: "{mesh}/{parent}/{kind}s/{name}.yaml"
quotas: {meshes: 2, virtualNodes: 9, routes: 3, backends: 1}
"""
HTTP = {"portMapping": {"port": 8080, "protocol": "http"}}


def node(*backends: str) -> dict[str, Any]:
    called = [{"virtualService": {"virtualServiceName": name}} for name in backends]
    discovery = {"dns": {"hostname": "n.local"}}
    return {"listeners": [HTTP], "serviceDiscovery": discovery, "backends": called}


def to(*nodes: str) -> dict[str, Any]:
    targets = [{"virtualNode": name, "weight": 1} for name in nodes]
    return {"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": targets}}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("api"), files={"gitmesh.yaml": SETTINGS}, account="")
    with found.server:
        yield found


def test_the_account_is_that_of_the_repository(client: Any) -> None:
    about = client.describe_mesh(meshName="shop")["mesh"]["metadata"]
    assert about["arn"] == "arn:aws:appmesh:eu-west-1:210987654321:mesh/shop"
    assert (about["meshOwner"], about["resourceOwner"]) == ("210987654321",) * 2
    client.describe_mesh(meshName="shop", meshOwner="210987654321")
    refused("NotFoundException", client.describe_mesh, meshName="shop", meshOwner="123456789012")


def test_resources_come_in_any_order_and_get_their_places(client: Any, served: Served) -> None:
    names = {"meshName": "shop", "virtualRouterName": "late"}
    client.create_route(**names, routeName="all", spec=to("later"))
    assert changed(served) == "shop/shop/late/routes/all.yaml"
    provider = {"provider": {"virtualRouter": {"virtualRouterName": "late"}}}
    client.create_virtual_service(meshName="shop", virtualServiceName="late.local", spec=provider)
    assert changed(served) == "shop/shop/virtual-services/late.local.yaml"
    caller = {"meshName": "shop", "virtualNodeName": "caller"}
    client.create_virtual_node(**caller, spec=node("late.local"))
    client.create_virtual_router(**names, spec={"listeners": [HTTP]})
    assert "status: 503" in routed(served)
    client.create_virtual_node(meshName="shop", virtualNodeName="later", spec=node())
    assert "status: 503" not in routed(served)
    assert "cds_egress_shop_later_http_8080" in routed(served)
    refused("ResourceInUseException", client.delete_virtual_router, **names)
    refused("ResourceInUseException", client.delete_virtual_node, meshName="shop",
            virtualNodeName="later")  # fmt: skip
    refused("NotFoundException", client.create_virtual_router, meshName="none",
            virtualRouterName="r", spec={"listeners": [HTTP]})  # fmt: skip


def test_quotas_are_kept_when_resources_are_created(client: Any) -> None:
    client.create_mesh(meshName="second")
    words = refused("LimitExceededException", client.create_mesh, meshName="third")
    assert "the quota is 2" in words
    many = len(client.list_virtual_nodes(meshName="shop")["virtualNodes"])
    for number in range(9 - many):
        client.create_virtual_node(meshName="shop", virtualNodeName=f"q{number}", spec=node())
    make = client.create_virtual_node
    refused("LimitExceededException", make, meshName="shop", virtualNodeName="q9", spec=node())
    client.create_virtual_node(meshName="second", virtualNodeName="q9", spec=node())
    change = client.update_virtual_node
    refused("LimitExceededException", change, meshName="second", virtualNodeName="q9",
            spec=node("a.local", "b.local"))  # fmt: skip


def test_quotas_bind_the_json_api_too(served: Served) -> None:
    third = {"kind": "Mesh", "meshName": "third", "spec": {}}
    second = {"meshName": "second", "virtualNodeName": "many"}
    nodes = [
        {**second, "kind": "VirtualNode", "virtualNodeName": f"n{at}", "spec": node()}
        for at in range(9)
    ]
    wide = {**second, "kind": "VirtualNode", "spec": node("a.local", "b.local")}
    with ServerApi(endpoint(served.url)) as api:
        for wrong, words in [
            ([third], "the quota is 2"), (nodes, "would come, and the quota is 9"),
            ([wide], "2 backends"),
        ]:  # fmt: skip
            with pytest.raises(UsageError, match=words):
                api.post("/changes", {"apply": wrong, "dryRun": True})
        swap = {"apply": [third], "delete": ["mesh/second", "mesh/second/virtualNode/q9"]}
        assert len(api.post("/changes", {**swap, "dryRun": True})["changes"]) == 3


def test_names_that_differ_in_case_alone_get_files_of_their_own(client: Any) -> None:
    for name in ("case", "CASE"):
        client.create_virtual_node(meshName="second", virtualNodeName=name, spec=node())
    found = client.list_virtual_nodes(meshName="second")["virtualNodes"]
    assert {"case", "CASE"} <= {each["virtualNodeName"] for each in found}


def routed(served: Served) -> str:
    node = "mesh/shop/virtualNode/caller"
    return gitmesh("translate", "main", "--repo", served.bare, "--node", node).out


def changed(served: Served) -> str:
    return git(served.bare, "diff", "--name-only", "main^", "main")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("accountId: 123456789012", "twelve digits in quotes"),
        ('accountId: "1"', "twelve digits in quotes"),
        ("newFiles: a.json", "end it in .yaml"),
        ('newFiles: "{mesh}/{nome}.yaml"', "not a path of these placeholders"),
        ('newFiles: "../{name}.yaml"', "not a path of these placeholders"),
        ('newFiles: "/{name}.yaml"', "not a path of these placeholders"),
        ("quotas: {virtualNode: 1}", 'did you mean "virtualNodes"'),
        ("quotas: {meshes: -1}", "whole numbers"),
        ("allowDanglingReferences: 1", "allowDanglingReferences"),
    ],
)
def test_a_wrong_setting_is_named(text: str, words: str) -> None:
    found = read_settings(text.encode())
    assert not isinstance(found, RepositorySettings)
    assert words in f"{found[0].message} {found[0].hint}"
