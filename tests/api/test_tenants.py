"""A caller with a part of the meshes learns nothing of the others, whatever they call."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.conftest import ACCOUNT, Served, serve
from tests.support.git import git, put
from tests.support.sample_shop import sample_files

NODE = {
    "listeners": [{"portMapping": {"port": 80, "protocol": "http"}}],
    "serviceDiscovery": {"dns": {"hostname": "m.local"}},
}
CREDENTIALS = """
[[role]]
name = "tenant-a"
write = ["mesh/a"]

[[role]]
name = "part-of-shop"
read = ["mesh/shop/virtualNode/cart-*"]
write = ["mesh/shop/virtualRouter/cart", "mesh/shop/virtualNode/mine-*"]

[[credential]]
access_key_id = "AKIDTENANTA"
secret_access_key = "the-secret-of-tenant-a"
name = "Alma"
role = "tenant-a"

[[credential]]
access_key_id = "AKIDPART"
secret_access_key = "the-secret-of-the-cart-team"
name = "Carl"
role = "part-of-shop"
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("tenants"), more_credentials=CREDENTIALS)
    with found.server:
        found.client().create_mesh(meshName="a")
        found.client().create_mesh(meshName="b")
        yield found


@pytest.fixture(scope="module")
def tenant(served: Served) -> Any:
    return served.client("AKIDTENANTA", "the-secret-of-tenant-a")


@pytest.fixture(scope="module")
def part(served: Served) -> Any:
    return served.client("AKIDPART", "the-secret-of-the-cart-team")


def answer(call: Any, **arguments: Any) -> tuple[str, str]:
    """Return code and message of a refusal."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def test_lists_hold_the_meshes_of_the_caller_alone(tenant: Any, client: Any) -> None:
    assert [mesh["meshName"] for mesh in tenant.list_meshes()["meshes"]] == ["a"]
    # Nor does a page end early, or its token name what is hidden.
    page = tenant.list_meshes(limit=1)
    assert ([mesh["meshName"] for mesh in page["meshes"]], "nextToken" in page) == (["a"], False)
    assert len(client.list_meshes()["meshes"]) == 3


@pytest.fixture(scope="module")
def client(served: Served) -> Any:
    return served.client()


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("describe_mesh", {}),
    ("update_mesh", {"spec": {}}),
    ("delete_mesh", {}),
    ("create_mesh", {}),
    ("list_virtual_nodes", {}),
    ("list_virtual_routers", {}),
    ("list_routes", {"virtualRouterName": "cart"}),
    ("describe_virtual_node", {"virtualNodeName": "cart-v1"}),
    ("describe_route", {"virtualRouterName": "cart", "routeName": "all"}),
    ("create_virtual_node", {"virtualNodeName": "cart-v1", "spec": NODE}),
    ("update_virtual_node", {"virtualNodeName": "cart-v1", "spec": NODE}),
    ("delete_virtual_node", {"virtualNodeName": "cart-v1"}),
]


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_another_mesh_is_answered_like_one_that_does_not_exist(
    tenant: Any, name: str, arguments: dict[str, Any]
) -> None:
    call = getattr(tenant, name)
    real = answer(call, meshName="shop", **arguments)
    absent = answer(call, meshName="nope", **arguments)
    assert (real[0], real[1].replace("shop", "nope")) == absent
    assert real[0] in ("ForbiddenException", "NotFoundException")


def test_a_dangling_reference_suggests_nothing_of_another_mesh(tenant: Any, client: Any) -> None:
    router = {"listeners": [{"portMapping": {"port": 80, "protocol": "http"}}]}
    tenant.create_virtual_router(meshName="a", virtualRouterName="r", spec=router)
    route = {"httpRoute": {"match": {"prefix": "/"}, "action": {
        "weightedTargets": [{"virtualNode": "cart-v1", "weight": 1}]}}}  # fmt: skip
    names = {"meshName": "a", "virtualRouterName": "r", "routeName": "x", "spec": route}
    code, told = answer(tenant.create_route, **names)
    assert (code, "shop" in told) == ("NotFoundException", False)
    assert 'there is no virtual node "cart-v1"' in told
    # The same call by somebody who may read all shows that there was something to hide.
    assert 'mesh "shop" has a virtual node "cart-v1"' in answer(client.create_route, **names)[1]


def test_problems_of_another_mesh_are_not_told(tmp_path: Path) -> None:
    served = serve(tmp_path, more_credentials=CREDENTIALS)
    with served.server:
        broken = b"kind: VirtualNode\nmeshName: shop\nvirtualNodeName: secret\nspec: {x: []}\n"
        mesh = b"kind: Mesh\nmeshName: a\nspec: {}\n"
        put(
            served.bare,
            {**sample_files(), "shop/a.yaml": mesh, "shop/broken.yaml": broken},
            minute=3,
        )
        tip = git(served.bare, "rev-parse", "main")
        change = {"meshName": "a", "spec": {"egressFilter": {"type": "ALLOW_ALL"}}}
        tenant = served.client("AKIDTENANTA", "the-secret-of-tenant-a")
        assert answer(tenant.update_mesh, **change) == (
            "BadRequestException", "the repository has problems in parts that you may not read"
        )  # fmt: skip
        assert "there is no field" in answer(served.client().update_mesh, **change)[1]
        assert git(served.bare, "rev-parse", "main") == tip


def test_a_part_of_a_mesh_is_all_that_its_reader_finds(part: Any) -> None:
    nodes = [n["virtualNodeName"] for n in part.list_virtual_nodes(meshName="shop")["virtualNodes"]]
    assert nodes
    assert all(name.startswith("cart-") for name in nodes)
    first = part.list_virtual_nodes(meshName="shop", limit=1)
    rest = part.list_virtual_nodes(meshName="shop", nextToken=first["nextToken"])
    both = first["virtualNodes"] + rest["virtualNodes"]
    assert [node["virtualNodeName"] for node in both] == nodes
    hidden, absent = (
        answer(part.describe_virtual_node, meshName="shop", virtualNodeName=name)
        for name in ("checkout", "nonesuch")
    )
    assert (hidden[0], hidden[1].replace("checkout", "nonesuch")) == absent
    code, _ = answer(part.update_virtual_node, meshName="shop", virtualNodeName="cart-v1",
                     spec=NODE)  # fmt: skip
    assert code == "ForbiddenException"


def test_a_part_of_a_mesh_can_be_changed(part: Any, served: Served) -> None:
    part.create_virtual_node(meshName="shop", virtualNodeName="mine-1", spec=NODE)
    assert git(served.bare, "log", "-1", "--format=%an", "main") == "Carl"
    part.delete_virtual_node(meshName="shop", virtualNodeName="mine-1")
    code, told = answer(part.create_virtual_node, meshName="shop", virtualNodeName="other",
                        spec=NODE)  # fmt: skip
    assert code == "ForbiddenException"
    assert "Carl may not call CreateVirtualNode" in told


def test_what_uses_a_resource_is_named_to_those_who_may_read_it(
    client: Any, served: Served
) -> None:
    _, all_told = answer(client.delete_virtual_router, meshName="shop", virtualRouterName="cart")
    part = served.client("AKIDPART", "the-secret-of-the-cart-team")
    _, told = answer(part.delete_virtual_router, meshName="shop", virtualRouterName="cart")
    assert "mesh/shop/virtualService/" in all_told
    assert "mesh/shop/virtualService/" not in told
    assert "mesh/shop/virtualRouter/cart/route/all" in told


def arn(key: str) -> str:
    return f"arn:aws:appmesh:eu-west-1:{ACCOUNT}:{key}"


@pytest.mark.parametrize("name", ["list_tags_for_resource", "tag_resource", "untag_resource"])
def test_an_arn_of_another_mesh_is_answered_like_one_that_names_nothing(
    tenant: Any, name: str
) -> None:
    given: dict[str, dict[str, Any]] = {
        "tag_resource": {"tags": [{"key": "k", "value": "v"}]},
        "untag_resource": {"tagKeys": ["k"]},
    }
    more = given.get(name, {})
    call = getattr(tenant, name)
    real = answer(call, resourceArn=arn("mesh/shop/virtualNode/cart-v1"), **more)
    absent = answer(call, resourceArn=arn("mesh/nope/virtualNode/cart-v1"), **more)
    assert (real[0], real[1].replace("shop", "nope")) == absent
    assert real[0] == "NotFoundException"


def test_tags_can_be_changed_by_those_who_may_write(part: Any) -> None:
    tags = [{"key": "k", "value": "v"}]
    part.tag_resource(resourceArn=arn("mesh/shop/virtualRouter/cart"), tags=tags)
    part.untag_resource(resourceArn=arn("mesh/shop/virtualRouter/cart"), tagKeys=["k"])
    node = arn("mesh/shop/virtualNode/cart-v1")
    assert part.list_tags_for_resource(resourceArn=node)["tags"] == []
    assert answer(part.tag_resource, resourceArn=node, tags=tags)[0] == "ForbiddenException"
