"""Connections that the server ends."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from xds.server import transport
from xds.server.connections import Connections, address_of, shut_down
from xds.server.settings import AdsSettings


@pytest.fixture(params=["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection: our end, and the client's."""
    host = str(request.param)
    dual = host == "::ffff:127.0.0.1"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = ("::" if dual else host, 0)
    with socket.create_server(address, family=family, dualstack_ipv6=dual) as listening:
        port = listening.getsockname()[1]
        client = socket.create_connection(("127.0.0.1" if dual else host, port), 5)
        ours, _ = listening.accept()
        with client, ours:
            client.settimeout(5)
            yield ours, client


def name(client: socket.socket) -> str:
    """Return what gRPC calls a client."""
    host, port = client.getsockname()[:2]
    return f"ipv6:%5B{host}%5D:{port}" if ":" in host else f"ipv4:{host}:{port}"


def test_the_other_side_finds_that_we_have_gone(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    _, client = pair
    address = address_of(name(client))
    assert address is not None
    assert shut_down([address]) == 1
    assert client.recv(1) == b""


def test_nobody_else_is_touched_and_no_descriptor_is_left(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, client = pair
    address = address_of(name(client))
    assert address is not None
    before = len(os.listdir("/proc/self/fd"))
    others = [(address[0], address[1] ^ 1), ("192.0.2.1", address[1])]
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM):
        assert shut_down(others) == 0
    os.close(reading)
    os.close(writing)
    assert len(os.listdir("/proc/self/fd")) == before
    ours.sendall(b"x")
    assert client.recv(1) == b"x"


@pytest.mark.parametrize(
    "peer", ["unix:/run/x.sock", "unix:", "", "ipv4:", "ipv4:a", "ipv4:a:1", "vsock:2:1"]
)
def test_who_has_no_ip_address_has_none(peer: str) -> None:
    assert address_of(peer) is None


def test_a_client_goes_with_its_last_stream_if_that_ended_for_good_and_no_other_goes() -> None:
    async def scenario(clients: list[socket.socket], ends: list[socket.socket]) -> None:
        connections = Connections()
        for peer in (*map(name, clients), name(clients[0]), "unix:/run/x.sock"):
            connections.opened(peer)
        several, leaving, *ended = clients
        connections.closed(name(several), for_good=True)
        connections.closed(name(leaving), for_good=False)
        connections.closed("unix:/run/x.sock", for_good=True)
        # Two at once, and one when those have gone: whoever else was to go went with them.
        for together in (ended[:2], ended[2:]):
            for client in together:
                connections.closed(name(client), for_good=True)
            for client in together:
                assert await asyncio.to_thread(client.recv, 1) == b""
        for client, ours in zip((several, leaving), ends, strict=False):
            ours.sendall(b"x")
            assert client.recv(1) == b"x"

    with ExitStack() as stack:
        clients, ends = [], []
        with socket.create_server(("127.0.0.1", 0)) as listening:
            for _ in range(5):
                client = socket.create_connection(listening.getsockname(), 5)
                clients.append(stack.enter_context(client))
                ends.append(stack.enter_context(listening.accept()[0]))
        asyncio.run(scenario(clients, ends))


def test_descriptors_of_api_clients_are_not_counted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "raise_limit", lambda wanted: 20_000)
    alone = transport.connection_limit(AdsSettings())
    assert alone - transport.connection_limit(AdsSettings(http_servers=2)) == 1024
