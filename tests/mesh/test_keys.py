"""A key has one string form, which parses back to the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey

NAMES = st.text(min_size=1, max_size=20) | st.sampled_from(
    [
        "a/b",
        "100%",
        "%2F",
        "two words",
        "straße",
        "mesh/shop",
        ":mesh/",
        "a:mesh/b",
        "a:mesh",
        "arn:x",
        ".",
        "日本",
    ]
)


@st.composite
def keys(draw: st.DrawFn) -> ResourceKey:
    kind = draw(st.sampled_from(sorted(Kind)))
    mesh = draw(NAMES)
    if kind is Kind.MESH:
        return ResourceKey.of_mesh(mesh)
    return ResourceKey.of(kind, mesh, draw(NAMES), draw(NAMES) if kind.within else "")


@given(keys())
def test_parsing_the_text_of_a_key_gives_the_key(key: ResourceKey) -> None:
    assert ResourceKey.parse(str(key)) == key


@given(keys())
def test_an_arn_names_the_same_resource(key: ResourceKey) -> None:
    assert ResourceKey.parse(f"arn:aws:appmesh:eu-west-1:123456789012:{key}") == key


@given(keys(), keys())
def test_different_keys_have_different_texts(one: ResourceKey, other: ResourceKey) -> None:
    assert (str(one) == str(other)) == (one == other)


TEXTS = [
    (ResourceKey.of_mesh("shop"), "mesh/shop"),
    (ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart"), "mesh/shop/virtualNode/cart"),
    (
        ResourceKey.of(Kind.ROUTE, "shop", "all", "cart"),
        "mesh/shop/virtualRouter/cart/route/all",
    ),
    (
        ResourceKey.of(Kind.GATEWAY_ROUTE, "shop", "web", "front"),
        "mesh/shop/virtualGateway/front/gatewayRoute/web",
    ),
    (
        ResourceKey.of(Kind.VIRTUAL_SERVICE, "shop", "cart.shop.local"),
        "mesh/shop/virtualService/cart.shop.local",
    ),
    (
        ResourceKey.of(Kind.SERVICE_INSTANCES, "shop", "cart", "shop.internal"),
        "mesh/shop/namespace/shop.internal/serviceInstances/cart",
    ),
    (ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "a/b c%"), "mesh/shop/virtualNode/a%2Fb%20c%25"),
]


@pytest.mark.parametrize(("key", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_the_text_is_the_resource_part_of_an_arn(key: ResourceKey, text: str) -> None:
    assert str(key) == text
    assert ResourceKey.parse(text) == key


NOT_KEYS = [
    "",
    "shop",
    "mesh",
    "mesh/",
    "mesh//virtualNode/cart",
    "mesh/shop/virtualNode",
    "mesh/shop/virtualNode/",
    "mesh/shop/pod/cart",
    "mesh/shop/route/all",
    "mesh/shop/virtualNode/cart/route/all",
    "mesh/shop/virtualRouter/cart/gatewayRoute/all",
    "mesh/shop/virtualNode/cart/extra",
    "virtualNode/cart",
    "mesh/shop/mesh/shop",
]


@pytest.mark.parametrize("text", NOT_KEYS)
def test_other_text_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError, match="does not name a resource") as refusal:
        ResourceKey.parse(text)
    assert "mesh/shop/virtualNode/cart" in refusal.value.hint


@pytest.mark.parametrize(
    ("kind", "parent"),
    [(Kind.ROUTE, ""), (Kind.GATEWAY_ROUTE, ""), (Kind.VIRTUAL_NODE, "cart")],
)
def test_a_key_has_a_parent_just_where_its_kind_has_one(kind: Kind, parent: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        ResourceKey.of(kind, "shop", "name", parent)


def test_keys_sort_by_mesh_then_kind_then_parent_then_name() -> None:
    ordered = [
        ResourceKey.of(Kind.VIRTUAL_NODE, "lab", "z"),
        ResourceKey.of(Kind.ROUTE, "shop", "z", "a"),
        ResourceKey.of(Kind.ROUTE, "shop", "a", "b"),
        ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "a"),
    ]
    assert sorted([ordered[i] for i in (2, 0, 3, 1)]) == ordered
