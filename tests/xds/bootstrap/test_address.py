"""Addresses: valid forms, and refusal of addresses other than loopback."""

import pytest

from mesh.errors import UsageError
from xds.bootstrap.address import host_and_port, where_to_listen


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("127.0.0.1:18000", ("127.0.0.1", 18000)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:18000", ("::1", 18000)),
        ("unix:/run/gitmesh.sock", None),
        ("unix:gitmesh.sock", None),
    ],
)
def test_where_to_listen_is_a_port_or_a_socket_file(
    address: str, where: tuple[str, int] | None
) -> None:
    assert where_to_listen(address) == where


@pytest.mark.parametrize(
    "address",
    [
        *["", "foo", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:65536", "h:-1", ":1"],
        *["::1:1", "[::1]", "[::1:1", "[foo]:1", "[]:1", "a b:1", "dns:///a:1", "h:٣", "unix:"],
    ],
)
def test_whatever_else_is_refused_with_the_forms_there_are(address: str) -> None:
    with pytest.raises(UsageError, match="is not an address") as caught:
        where_to_listen(address)
    for form in ("host:port", "[::1]:18000", "unix:path"):
        assert form in caught.value.hint


def test_nobody_connects_to_port_0() -> None:
    assert host_and_port("mesh.example:1") == ("mesh.example", 1)
    with pytest.raises(UsageError, match="is not an address"):
        host_and_port("mesh.example:0")
