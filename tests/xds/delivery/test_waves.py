"""Order of updates when the TLS settings of nodes change."""

from typing import Any

import pytest

from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from tests.support.meshes import a_mesh, a_node, a_service, resource
from xds.delivery.waves import waves
from xds.nodes import ProxyIdentity

FILE = {"file": {"certificateChain": "/c.pem", "privateKey": "/k.pem"}}
WEB, CART, OTHER = (
    ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name)) for name in ("web", "cart", "x")
)
GATEWAY = ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front"))


def mesh(mode: str, port: int = 8080) -> MeshGraph:
    listener: Any = {"portMapping": {"port": port, "protocol": "http"}}
    if mode:
        listener["tls"] = {"mode": mode, "certificate": FILE}
    cart: Any = {"listeners": [listener], "serviceDiscovery": {"dns": {"hostname": "cart"}}}
    return link(
        [
            a_mesh(),
            resource(CART.key, cart),
            a_node("web", backends=["cart.local"]),
            a_node("x"),
            a_service("cart.local", node="cart"),
        ]
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("", "PERMISSIVE", ((CART,), (WEB,)), id="who learns TLS is told first"),
        pytest.param("PERMISSIVE", "", ((WEB,), (CART,)), id="who unlearns TLS is told last"),
        pytest.param("PERMISSIVE", "STRICT", ((WEB,), (CART,)), id="who unlearns plain text, too"),
        pytest.param("STRICT", "PERMISSIVE", ((CART,), (WEB,)), id="who learns it is told first"),
        pytest.param(
            "", "STRICT", ((CART,), (WEB,)), id="there is no good order, and one is taken"
        ),
        pytest.param("", "", ((CART, WEB),), id="nothing changes"),
        pytest.param("", "DISABLED", ((CART, WEB),), id="disabled is none"),
        pytest.param("STRICT", "STRICT", ((CART, WEB),), id="strict stays strict"),
    ],
)
def test_who_is_told_first(
    before: str, after: str, expected: tuple[tuple[ProxyIdentity, ...], ...]
) -> None:
    assert waves(mesh(before), mesh(after), (CART, WEB)) == expected


def test_a_port_that_is_new_or_gone_concerns_nobody_who_uses_another() -> None:
    assert waves(mesh("", 8080), mesh("STRICT", 8443), (CART, WEB)) == ((CART, WEB),)


def test_a_node_that_comes_or_goes_and_a_gateway_have_no_order() -> None:
    empty = link([a_mesh()])
    everybody = (CART, WEB, OTHER, GATEWAY)
    assert waves(empty, mesh("STRICT"), everybody) == (everybody,)
    assert waves(mesh("STRICT"), empty, everybody) == (everybody,)


def test_nobody_is_nobody() -> None:
    assert waves(mesh(""), mesh("STRICT"), ()) == ()


def test_every_server_has_the_same_groups_whoever_is_connected_to_it() -> None:
    changed = (CART.key, WEB.key)
    plain, both = mesh(""), mesh("PERMISSIVE")
    assert waves(plain, both, (WEB,), changed) == ((), (WEB,))
    assert waves(plain, both, (CART,), changed) == ((CART,), ())
    assert waves(plain, both, (), changed) == ((), ())
    assert waves(both, plain, (WEB,), changed) == ((WEB,), ())
    assert waves(mesh(""), mesh(""), (WEB,), changed) == ((WEB,),)
    assert waves(mesh(""), mesh(""), (), changed) == ()
