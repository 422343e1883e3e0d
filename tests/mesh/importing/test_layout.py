"""File layout of an import: one resource per file, valid on every file system."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.importing.layout import files_of, path_of
from mesh.keys import Kind, ResourceKey
from mesh.reading.native import read_resources
from mesh.resource import Resource
from mesh.spec import MeshSpec
from tests.support.spec_strategies import names, resources


def test_paths_read_like_the_mesh() -> None:
    keys = (
        ResourceKey.of_mesh("shop"),
        ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"),
        ResourceKey.of(Kind.ROUTE, "shop", "all", "cart"),
        ResourceKey.of(Kind.VIRTUAL_SERVICE, "shop", "a/../b:*"),
        ResourceKey.of(Kind.VIRTUAL_ROUTER, "..", ".x"),
    )
    assert [path_of(key) for key in keys] == [
        "shop/mesh.yaml",
        "shop/virtual-node/web.yaml",
        "shop/route/cart/all.yaml",
        "shop/virtual-service/a%2F..%2Fb%3A%2A.yaml",
        "%2E./virtual-router/%2Ex.yaml",
    ]


@given(names, names)
def test_any_name_is_one_plain_part_of_a_path(mesh: str, name: str) -> None:
    parts = path_of(ResourceKey.of(Kind.VIRTUAL_NODE, mesh, name)).split("/")
    assert len(parts) == 3
    assert all(part.isascii() and not part.startswith(".") and len(part) < 250 for part in parts)


def test_names_that_differ_in_case_only_have_files_that_differ_in_more() -> None:
    meshes = [Resource(ResourceKey.of_mesh(name), MeshSpec()) for name in ("Shop", "shop", "SHOP")]
    files = files_of(meshes)
    assert len({path.casefold() for path in files}) == 3


@settings(max_examples=60, deadline=None)
@given(st.lists(resources(), max_size=4, unique_by=lambda r: r.key))
def test_what_is_written_reads_back_as_the_same(found: list[Resource]) -> None:
    files = files_of(found)
    read = [
        r for path, text in files.items() for r in read_resources(path, text.encode()).resources
    ]
    assert sorted(read, key=lambda r: r.key) == sorted(found, key=lambda r: r.key)
