"""Tests listen only where nobody else does: on ports that the kernel chose.

A port that a test has by heart may be taken on the machine where it runs. What the product itself
listens on (15001, and 18000 on pages that are typed) cannot be chosen. So tests run in a network of
their own, where the kernel allows that.
"""

import ast
import os
import re
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import NETWORK

ROOT = Path(__file__).parents[1]
LOOPBACK = "tests.support.loopback"
"""Modules that import this let programs listen, on addresses that it gives."""
LISTENING = {"bind", "create_server", "start_server", "create_datagram_endpoint"} | {
    f"add_{security}_port" for security in ("insecure", "secure")
}
OWN_NETWORKS = ("tests/support/sidecar_town.py", "tests/support/namespaces.py")
"""Test beds where each host has a network of its own."""
NEVER_LISTENED_ON = {
    ("tests/support/routing_law.py", 80): "part of a host header",
    ("tests/support/routing_town.py", 80): "port of a router behind a gateway",
    ("tests/xds/translate/test_proxyless.py", 80): "port of specs that are only translated",
}
_LOCAL = re.compile(r"^(?:127(?:\.\d+){3}|0\.0\.0\.0|localhost|\[::1?\]):([1-9]\d*)$")
_SPEC = re.compile(r"\bport: *([1-9]\d*)")


def modules() -> Iterator[tuple[str, str]]:
    for folder in ("tests", "bench"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def fixed_ports(text: str) -> set[int]:
    """Return the ports that a module may listen on without having got them from the kernel."""
    found: set[int] = set()
    lets_listen = LOOPBACK in text
    for node in ast.walk(ast.parse(text)):
        if lets_listen:
            found.update(_spec_ports(node), _port_constants(node))
        if isinstance(node, ast.Call) and (lets_listen or _name(node.func) in LISTENING):
            for value in (*node.args, *(each.value for each in node.keywords)):
                found.update(_ports(value))
        if isinstance(node, ast.Call | ast.Tuple | ast.List):
            found.update(_listen_option(node))
    return found


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _ports(value: ast.expr) -> Iterator[int]:
    match value:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _ports(part)
        case ast.Constant(value=int(port)) if _may_be_listened_on(port):
            yield port
        case ast.Constant(value=str(words)) if (found := _LOCAL.match(words)) is not None:
            if _may_be_listened_on(int(found[1])):
                yield int(found[1])


def _may_be_listened_on(port: int) -> bool:
    return port in (80, 443) or 1024 <= port <= 65535


def _spec_ports(node: ast.AST) -> Iterator[int]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from map(int, _SPEC.findall(node.value))


def _port_constants(node: ast.AST) -> Iterator[int]:
    match node:
        case ast.Assign(value=value, targets=[target]) | ast.AnnAssign(value=value, target=target):
            if value is not None and "PORT" in ast.unparse(target):
                for part in ast.walk(value):
                    if isinstance(part, ast.expr):
                        yield from _ports(part)


def _listen_option(node: ast.Call | ast.Tuple | ast.List) -> Iterator[int]:
    parts = node.args if isinstance(node, ast.Call) else node.elts
    for option, value in pairwise(parts):
        match option:
            case ast.Constant(value="--listen"):
                yield from _ports(value)


@pytest.mark.parametrize(
    ("code", "port"),
    [
        ("socket.create_server(('127.0.0.1', 8080))", 8080),
        ("server.add_insecure_port('127.0.0.1:18000')", 18000),
        ("Server(bare, '--listen', '127.0.0.1:18000')", 18000),
        ("OPTIONS = ('--listen', '0.0.0.0:18000')", 18000),
        (f"from {LOOPBACK} import loopback_address\nPORT: Final = {{'http': 8080}}", 8080),
        (f"from {LOOPBACK} import loopback_address\nADMIN_PORT, OTHER = 9901, 'x'", 9901),
        (f"from {LOOPBACK} import loopback_address\na_node('web', (443, 'http'))", 443),
        (f"from {LOOPBACK} import loopback_address\nrun(admin=(address, 9901))", 9901),
        (f"from {LOOPBACK} import loopback_address\nSPEC = '{{port: 8080}}'", 8080),
    ],
)
def test_a_fixed_port_is_found(code: str, port: int) -> None:
    assert fixed_ports(code) == {port}


@pytest.mark.parametrize(
    "code",
    [
        "socket.create_server(('127.0.0.1', 0))",
        "Server(bare, '--listen', '127.0.0.1:0')",
        "a_node('web', 8080)",
        f"from {LOOPBACK} import free_port\nPORT = free_port()\nserve(address, PORT)",
    ],
)
def test_other_numbers_are_none(code: str) -> None:
    assert fixed_ports(code) == set()


def test_no_test_listens_on_a_port_that_it_has_by_heart() -> None:
    found = {
        (name, port)
        for name, text in modules()
        if name not in OWN_NETWORKS and name != "tests/test_ports.py"
        for port in fixed_ports(text)
    }
    assert found == NEVER_LISTENED_ON.keys()


def test_tests_run_in_a_network_of_their_own() -> None:
    if os.environ[NETWORK] != "own":
        pytest.skip(os.environ[NETWORK])
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
