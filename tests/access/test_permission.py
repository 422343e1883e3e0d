"""Permissions cover the resources that their patterns name, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmesh.access.permission import NOTHING, READ_ALL, WRITE_ALL, Pattern, Permission
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey

NODE = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart-v1")
ROUTER = ResourceKey.of(Kind.VIRTUAL_ROUTER, "shop", "cart")
ROUTE = ResourceKey.of(Kind.ROUTE, "shop", "all/of it", "cart")
MESH = ResourceKey.of_mesh("shop")

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
kinds = st.sampled_from([kind for kind in Kind if kind is not Kind.MESH])


@st.composite
def keys(draw: st.DrawFn) -> ResourceKey:
    kind = draw(kinds)
    return ResourceKey.of(kind, draw(names), draw(names), draw(names) if kind.within else "")


def permission(*, read: tuple[str, ...] = (), write: tuple[str, ...] = ()) -> Permission:
    return Permission(tuple(map(Pattern.parse, read)), tuple(map(Pattern.parse, write)))


@pytest.mark.parametrize(
    ("pattern", "covered", "not_covered"),
    [
        ("*", [MESH, NODE, ROUTER, ROUTE], []),
        ("mesh/shop", [MESH, NODE, ROUTER, ROUTE], [ResourceKey.of_mesh("shop2")]),
        ("mesh/sh*", [MESH, NODE], [ResourceKey.of_mesh("other")]),
        ("mesh/shop/virtualNode/cart-*", [NODE], [MESH, ROUTER, ROUTE]),
        ("mesh/*/virtualNode/*", [NODE], [MESH, ROUTER, ROUTE]),
        ("mesh/shop/virtualRouter/cart", [ROUTER, ROUTE], [MESH, NODE]),
        ("mesh/shop/virtualRouter/cart/route/*", [ROUTE], [MESH, ROUTER, NODE]),
        ("mesh/shop/virtualNode/cart", [], [NODE]),
        ("mesh/shop/virtualNode/*v2", [], [NODE]),
    ],
)
def test_a_pattern_covers_what_it_names_and_what_is_inside(
    pattern: str, covered: list[ResourceKey], not_covered: list[ResourceKey]
) -> None:
    writer = permission(write=(pattern,))
    assert [writer.may_write(key) for key in covered] == [True] * len(covered)
    assert [writer.may_write(key) for key in not_covered] == [False] * len(not_covered)
    reader = permission(read=(pattern,))
    assert all(reader.may_read(key) for key in covered)
    assert not any(reader.may_write(key) for key in covered)


def test_what_contains_a_readable_resource_is_readable_and_its_siblings_are_not() -> None:
    who = permission(read=("mesh/shop/virtualRouter/cart/route/*",))
    assert [who.may_read(key) for key in (MESH, ROUTER, ROUTE)] == [True] * 3
    assert not who.may_read(NODE)
    assert who.may_know_mesh("shop")
    assert not who.may_know_mesh("other")
    assert not who.reads_mesh("shop")
    assert permission(read=("mesh/shop",)).reads_mesh("shop")


@given(keys())
def test_whoever_may_write_may_read_and_nobody_may_more_than_a_limit(key: ResourceKey) -> None:
    exact = permission(write=(str(key),))
    assert exact.may_write(key)
    assert exact.may_read(key)
    assert WRITE_ALL.may_write(key)
    assert READ_ALL.may_read(key)
    assert not READ_ALL.may_write(key)
    assert not NOTHING.may_read(key)
    assert WRITE_ALL.limited_to([key.mesh]).may_write(key)
    assert not WRITE_ALL.limited_to([f"{key.mesh}x"]).may_read(key)
    assert WRITE_ALL.reads_all
    assert not WRITE_ALL.limited_to([key.mesh]).reads_all
    assert not WRITE_ALL.limited_to([key.mesh]).writes_all


@given(keys(), keys())
def test_a_whole_mesh_never_covers_another(one: ResourceKey, two: ResourceKey) -> None:
    who = permission(write=(str(ResourceKey.of_mesh(one.mesh)),))
    # A "*" in a name is a pattern: it covers more than that name.
    if "*" not in one.mesh:
        assert who.may_write(two) == (one.mesh == two.mesh)
        assert who.may_read(two) == (one.mesh == two.mesh)


@pytest.mark.parametrize(
    "text", ["", "shop", "mesh", "mesh/", "mesh/shop/", "mesh/shop/*", "mesh/shop/node/a",
             "mesh/shop/virtualNode", "mesh/shop/route/all", "*/shop", "mesh//virtualNode/a"],
)  # fmt: skip
def test_a_pattern_that_covers_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="covers no resource"):
        Pattern.parse(text)


def test_many_stars_take_no_exponential_time() -> None:
    who = permission(read=("mesh/shop/virtualNode/" + "a*" * 12 + "b",))
    assert not who.may_read(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "a" * 60))


pieces = st.text("ab/*", max_size=6).map(lambda text: text.replace("/", ""))


@given(pieces, pieces)
def test_stars_stand_for_any_characters(pattern: str, name: str) -> None:
    if not pattern or not name:
        return
    key = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name)
    who = permission(write=(f"mesh/shop/virtualNode/{pattern}",))
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name)
    assert who.may_write(key) == (expected is not None)
