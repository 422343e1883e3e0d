"""A port that several processes of ours share, and no others."""

import socket
from contextlib import closing

import pytest

from mesh.errors import Fatal, UsageError
from xds.server.shared_port import reserved


def bound(port: int, *, shared: bool, host: str = "127.0.0.1") -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
    try:
        made.bind((host, port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


def test_any_free_port_is_chosen_once_and_those_who_share_may_listen_on_it() -> None:
    with reserved("127.0.0.1:0") as (address, port):
        assert address == f"127.0.0.1:{port}"
        assert port != 0
        with closing(bound(port, shared=True)), closing(bound(port, shared=True)):
            pass


def test_whoever_does_not_share_is_kept_out_even_while_nobody_listens() -> None:
    with reserved("127.0.0.1:0") as (_, port):
        with pytest.raises(OSError, match="in use"):
            bound(port, shared=False)
        with closing(bound(port, shared=True)), pytest.raises(OSError, match="in use"):
            bound(port, shared=False)
    bound(port, shared=False).close()


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_somebody_listens_on_is_refused_even_if_they_would_share(shared: bool) -> None:
    with closing(bound(0, shared=shared)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Fatal, match=f"cannot listen on {address}: Address already in use"):
            reserved(address).__enter__()


def test_a_second_reservation_of_the_same_port_is_refused() -> None:
    with reserved("127.0.0.1:0") as (address, _), pytest.raises(Fatal, match="cannot listen on"):
        reserved(address).__enter__()


def test_connections_that_ended_keep_nobody_from_the_port() -> None:
    with closing(bound(0, shared=False)) as listener:
        address = listener.getsockname()
        client = socket.create_connection(address)
        served, _ = listener.accept()
        served.close()  # The side that closes first is the one that remembers.
        client.close()
    with reserved(f"{address[0]}:{address[1]}"):
        pass


def test_nobody_ever_connects_to_the_reservation_itself() -> None:
    with (
        reserved("127.0.0.1:0") as (_, port),
        pytest.raises(ConnectionRefusedError),
    ):
        socket.create_connection(("127.0.0.1", port))


def test_a_name_is_every_address_it_stands_for() -> None:
    with reserved("localhost:0") as (address, port):
        assert address == f"localhost:{port}"
        with pytest.raises(OSError, match="in use"):
            bound(port, shared=False)


@pytest.mark.parametrize("address", ["192.0.2.1:18000", "nowhere.invalid:18000"])
def test_an_address_that_is_not_of_this_machine_is_refused_in_words(address: str) -> None:
    with pytest.raises(Fatal, match=f"cannot listen on {address}: "):
        reserved(address).__enter__()


def test_a_socket_file_cannot_be_shared() -> None:
    with pytest.raises(UsageError, match="cannot share a socket file"):
        reserved("unix:/tmp/x").__enter__()
