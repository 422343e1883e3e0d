"""Requests into a mesh through a real Envoy that runs what the translator made of a gateway."""

import pytest

from tests.support.apps import Answer, ask
from tests.support.routing_town import FRONT, PORT, Town

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/cart", "/"),
        ("/cart/", "/"),
        ("/cart/items?q=1", "/items?q=1"),
        ("/old/items", "/new/items"),
        ("/old", "/new/"),
        ("/as-is/items", "/as-is/items"),
        ("/one", "/two"),
        ("/one?q=1", "/two?q=1"),
        ("/any/thing", "/a/1b"),
        ("/any/thing?q=1", "/a/1b?q=1"),
    ],
)
def test_a_gateway_rewrites_paths_and_the_host_becomes_the_service(
    town: Town, path: str, seen: str
) -> None:
    answer = town.enter(path)
    assert (answer.app, answer.said["path"]) == ("v1", seen)
    assert answer.said["headers"]["host"] == "cart.local"


def test_a_request_that_no_gateway_route_takes_gets_404(town: Town) -> None:
    assert town.enter("/nothing") == Answer(404, {})


def test_a_gateway_route_may_keep_the_host(town: Town) -> None:
    answer = town.enter("/kept/x", host=f"shop.example.com:{FRONT}")
    assert (answer.app, answer.said["path"]) == ("v1", "/x")
    assert answer.said["headers"]["host"] == f"shop.example.com:{FRONT}"


@pytest.mark.parametrize("host", ["hosts.local", "cart.local", "hosts.local:15001"])
def test_the_host_of_a_kept_request_cannot_choose_another_service(town: Town, host: str) -> None:
    answer = town.enter("/kept", host=host)
    assert (answer.app, answer.said["headers"]["host"]) == ("v1", host)


@pytest.mark.parametrize(
    ("host", "app"),
    [
        ("v2.example.com", "v2"),
        ("V2.example.com:PORT", "v2"),
        ("a.v2.example.com", "v2"),
        ("a.v2.example.com:80", "v2"),
        ("v2xexample.com", None),
        ("v2.example.com.evil", None),
        ("v2.example.com:PORTx", None),
    ],
)
def test_hosts_match_with_a_port_or_without(town: Town, host: str, app: str | None) -> None:
    assert town.enter("/elsewhere", host=host.replace("PORT", str(FRONT))).app == app


def test_a_gateway_route_chooses_among_the_ports_of_a_service(town: Town) -> None:
    for path, app in (("/public", "v1"), ("/admin", "v2")):
        answer = town.enter(path)
        assert (answer.app, answer.said["headers"]["host"]) == (app, "ports.local")


OUR_HEADERS = ("x-app-mesh-virtual-service", "x-gitmesh-virtual-service-port")


@pytest.mark.parametrize("forged", ["cart.local", "hosts.local", "ports.local"])
@pytest.mark.parametrize("path", ["/cart", "/kept", "/two", "/public", "/admin", "/nothing"])
def test_nobody_outside_can_choose_a_service_by_our_headers(
    town: Town, path: str, forged: str
) -> None:
    plain = town.enter(path)
    for port in ("80", "81", str(PORT)):
        answer = town.enter(
            path, x_app_mesh_virtual_service=forged, x_gitmesh_virtual_service_port=port
        )
        assert (answer.status, answer.app) == (plain.status, plain.app)


@pytest.mark.parametrize("path", ["/cart", "/kept", "/public"])
def test_no_application_sees_our_headers(town: Town, path: str) -> None:
    seen = town.enter(path).said["headers"]
    assert not set(OUR_HEADERS) & set(seen)


def test_a_gateway_says_who_the_client_is_and_believes_no_one_who_says_so(town: Town) -> None:
    seen = town.enter("/cart", x_forwarded_for="10.9.8.7").said["headers"]
    assert seen["x-forwarded-for"].split(",")[-1].strip() != "10.9.8.7"


def test_the_second_pass_listens_where_only_the_gateway_calls(town: Town) -> None:
    answer = ask(town.front.egress, 15001, "/", host="hosts.local")
    assert answer == Answer(404, {})
