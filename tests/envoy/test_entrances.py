"""Requests into a mesh in every protocol: hosts, rewrites, targets, and forged headers."""

import socket
from dataclasses import replace

import pytest

from tests.support.crossroads.calls import Request
from tests.support.crossroads.cases import PROTOCOLS, a_request
from tests.support.crossroads.entrances import ENTRANCES, SIDE_ENTRANCES
from tests.support.crossroads.place import Crossroads
from tests.support.crossroads.specs import PORT, SECOND

pytestmark = pytest.mark.envoy

each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


@each_protocol
@pytest.mark.parametrize(
    ("host", "app"),
    [
        ("two.com", "two"),
        ("TWO.com:{port}", "two"),
        ("a.two.com", "two"),
        ("a.b.two.com:99", "two"),
        ("atwo.com", "one"),
        ("two.com.com", "one"),
    ],
)
def test_hosts_match_whole_or_by_their_end(
    crossroads: Crossroads, protocol: str, host: str, app: str
) -> None:
    request = replace(a_request(protocol, "host"), authority=host)
    assert crossroads.enter(protocol, request).app == app


@each_protocol
def test_each_listener_has_its_own_gateway_routes(crossroads: Crossroads, protocol: str) -> None:
    def entered(name: str, port: int | None = None) -> str | None:
        return crossroads.enter(protocol, a_request(protocol, name), port=port).app

    side = SIDE_ENTRANCES[protocol]
    assert [entered("side"), entered("side", side)] == ["one", "two"]
    assert [entered("exact"), entered("exact", side)] == ["one", None]


@each_protocol
def test_a_gateway_route_names_one_of_the_ports_of_its_service(
    crossroads: Crossroads, protocol: str
) -> None:
    for name, app in (("port", "one"), ("second-port", "two")):
        answer = crossroads.enter(protocol, a_request(protocol, name))
        assert (answer.app, answer.headers[":authority"]) == (app, f"ports-{protocol}.local")


@each_protocol
def test_the_host_becomes_the_service_unless_it_is_to_be_kept(
    crossroads: Crossroads, protocol: str
) -> None:
    changed = crossroads.enter(protocol, a_request(protocol, "host"))
    assert (changed.app, changed.headers[":authority"]) == ("one", f"one-{protocol}.local")
    for name, app in (("kept", "one"), ("kept-two", "two")):
        kept = crossroads.enter(protocol, a_request(protocol, name))
        assert (kept.app, kept.headers[":authority"]) == (app, "shop.example.com")


@pytest.mark.parametrize("protocol", ["http", "http2"])
@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/dropped", "/"),
        ("/dropped/", "/"),
        ("/dropped/x?q=1", "/x?q=1"),
        ("/enabled/x", "/x"),
        ("/as-is/x", "/as-is/x"),
        ("/value", "/new/"),
        ("/value/x", "/new/x"),
        ("/one?q=1", "/two?q=1"),
        ("/any/thing?q=1", "/a/1b?q=1"),
        ("/stays?q=1", "/stays?q=1"),
    ],
)
def test_paths_are_rewritten(crossroads: Crossroads, protocol: str, path: str, seen: str) -> None:
    answer = crossroads.enter(protocol, Request(path))
    assert (answer.app, answer.path) == ("two", seen)


OURS = ("x-app-mesh-virtual-service", "x-gitmesh-virtual-service-port")
WAYS = {"host": "one", "kept": "one", "kept-two": "two", "port": "one", "second-port": "two"}
"""Names of gateway routes, each with who takes its requests."""


@each_protocol
@pytest.mark.parametrize("way", WAYS)
def test_nobody_outside_can_choose_a_service_by_our_headers_or_by_its_name(
    crossroads: Crossroads, protocol: str, way: str
) -> None:
    services = [
        (OURS[0], f"{name}-{protocol}.local") for name in ("one", "two", "ports", "weights")
    ]
    ports = [(OURS[1], str(port)) for of in (PORT, SECOND) for port in of.values()]
    forged = [(), *((each,) for each in (*services, *ports)), tuple(services), (*services, *ports)]
    for authority in ("{host}", f"weights-{protocol}.com", f"two-{protocol}.local"):
        request = replace(a_request(protocol, way), authority=authority)
        answers = {
            crossroads.enter(protocol, replace(request, headers=headers)).app for headers in forged
        }
        # No gateway route of gRPC is for calls of any service to any host.
        nobody = protocol == "grpc" and way == "host" and authority.endswith(".local")
        assert answers == {None if nobody else WAYS[way]}


@each_protocol
@pytest.mark.parametrize("way", ["host", "kept", "port"])
def test_no_application_sees_our_headers(crossroads: Crossroads, protocol: str, way: str) -> None:
    forged = tuple((name, "x") for name in OURS)
    request = replace(a_request(protocol, way), headers=forged)
    assert not set(OURS) & set(crossroads.enter(protocol, request).headers)


def test_calls_of_grpc_keep_what_comes_after_the_answer(crossroads: Crossroads) -> None:
    # Trailers do not survive HTTP/1.1 between the two passes.
    answer = crossroads.enter("grpc", a_request("grpc", "host"))
    assert (answer.app, answer.grpc_status) == ("one", 0)


@pytest.mark.parametrize(("protocol", "status"), [("http", 101), ("http2", 403)])
def test_web_sockets_are_for_listeners_of_http(
    crossroads: Crossroads, protocol: str, status: int
) -> None:
    head = (
        "GET /dropped/x HTTP/1.1\r\nhost: shop.example.com\r\nconnection: upgrade\r\n"
        "upgrade: websocket\r\n\r\n"
    )
    address = (crossroads.front.ingress, ENTRANCES[protocol])
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(head.encode())
        with connection.makefile("rb") as file:
            assert file.readline().split()[1] == str(status).encode()
            if status == 101:
                while file.readline() != b"\r\n":
                    pass
                connection.sendall(b"hello\n")
                assert file.readline() == b"two: hello\n"
