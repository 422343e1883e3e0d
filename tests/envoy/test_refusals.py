"""Real Envoys that refuse a valid configuration: the report, and what other proxies are served."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mesh.keys import Kind, ResourceKey
from tests.support.command_line import Ran, gitmesh
from tests.support.envoy import running
from tests.support.git import Repo, put
from tests.support.loopback import free_port, loopback_address
from tests.support.server import Server
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(180)]

WEB = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web")
HTTP = free_port()
MESH = "meshName: shop\nspec: {}\n"
NODE = """\
meshName: shop
virtualNodeName: web
spec:
  listeners:
    - portMapping: {port: HTTP, protocol: http}
  serviceDiscovery: {dns: {hostname: web.local}}
""".replace("HTTP", str(HTTP))
LOGGED = """\
  logging:
    accessLog:
      file:
        path: PATH
"""
LINE_OF_PATH = 10


def node(path: str) -> str:
    return NODE + LOGGED.replace("PATH", path)


class Town:
    """A repository, a port to serve it on, and the one proxy of its one node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = Repo(folder).origin
        self.port = free_port()
        self.addresses = Explicit(loopback_address(), loopback_address(), "127.0.0.1")

    def push(self, web: str | None, **others: str) -> str:
        files: dict[str, str | bytes] = {f"{name}.yaml": others[name] for name in others}
        files["mesh.yaml"] = MESH
        return put(self.bare, {**files, "web.yaml": web} if web else files)

    @contextmanager
    def server(self) -> Iterator[Server]:
        with Server(self.bare, "--listen", f"127.0.0.1:{self.port}") as server:
            server.wait_for("ready")
            yield server

    @contextmanager
    def envoy(self) -> Iterator[None]:
        config = bootstrap(
            identity=ProxyIdentity(WEB, self.addresses),
            xds_address=f"127.0.0.1:{self.port}",
            admin_address=f"unix:{self.folder / 'admin'}",
        )
        with running(config, self.folder):
            yield

    def status(self, commit: str, *options: str) -> Ran:
        return gitmesh("status", commit, "--repo", self.bare, "--wait", "20", *options)

    def proxies(self) -> list[Any]:
        found: list[Any] = gitmesh("proxies", self.bare, "--json").json()["proxies"]
        return found

    def until(self, *states: str) -> list[Any]:
        """Wait until the proxies that are connected stand so; return them."""
        return eventually(
            lambda: self.proxies(), lambda found: [each["state"] for each in found] == [*states]
        )


def eventually(look: Callable[[], list[Any]], right: Callable[[list[Any]], bool]) -> list[Any]:
    deadline = time.monotonic() + 30
    while not right(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_one_whose_node_comes_later_is_held_until_then_and_its_refusal_is_told_by_line(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    town.push(None)
    with town.server() as server, town.envoy():
        town.until("held")
        assert "held: its node does not exist yet" in gitmesh("proxies", town.bare).out
        good = town.push(node("/dev/stdout"))
        assert town.status(good).code == 0
        (served,) = town.until("in-sync")
        assert served["commit"] == good
        assert "envoy" in served["version"]

        bad = town.push(node("/no/such/folder/log"))
        told = town.status(bad)
        assert told.code == 1
        assert f"web.yaml:{LINE_OF_PATH}: {WEB}" in told.out
        assert "/no/such/folder/log" in told.out
        assert "hint: the proxy's machine lacks a file or a folder" in told.out
        (refusing,) = town.until("refused")
        assert "/no/such/folder/log" in refusing["refusal"]["message"]
        refusal = town.status(bad, "--json").json()["nodes"][0]["refusals"][0]
        assert refusal["specs"] == [
            {
                "key": str(WEB),
                "path": "web.yaml",
                "line": LINE_OF_PATH,
                "where": "$.spec.logging.accessLog.file.path",
            }
        ]
        assert refusal["names"], "the listeners at fault"
        server.wait_for("snapshot published", commit=bad[:7])


def test_what_was_refused_before_is_refused_again_in_words(tmp_path: Path) -> None:
    town = Town(tmp_path)
    good, bad = node("/dev/stdout"), node("/no/such/folder/log")
    town.push(good)
    with town.server(), town.envoy():
        for _ in range(2):
            town.until("in-sync")
            refused = town.push(bad)
            told = town.status(refused)
            assert told.code == 1
            assert f"web.yaml:{LINE_OF_PATH}: {WEB}" in told.out
            assert "/no/such/folder/log" in told.out
            assert town.status(town.push(good)).code == 0


OTHER = """\
meshName: shop
virtualNodeName: other
spec:
  listeners:
    - portMapping: {port: HTTP, protocol: http}
      timeout: {http: {idle: {unit: s, value: SECONDS}}}
  serviceDiscovery: {dns: {hostname: other.local}}
""".replace("HTTP", str(HTTP))
SERVICE = """\
meshName: shop
virtualServiceName: other.local
spec: {provider: {virtualNode: {virtualNodeName: other}}}
"""
CALLS = """\
  backends: [{virtualService: {virtualServiceName: other.local}}]
"""


def test_a_commit_that_leaves_as_it_is_what_was_refused_is_refused_too(tmp_path: Path) -> None:
    town = Town(tmp_path)

    def push(web: str, idle_s: int) -> str:
        return town.push(web + CALLS, other=OTHER.replace("SECONDS", str(idle_s)), service=SERVICE)

    push(node("/dev/stdout"), 5)
    with town.server(), town.envoy():
        town.until("in-sync")
        assert town.status(push(node("/no/such/folder/log"), 5)).code == 1
        # A cluster alone changes: it is taken, and the listeners are not sent again.
        told = town.status(push(node("/no/such/folder/log"), 6))
        assert told.code == 1
        assert "offered to 1 proxy" in told.out
        assert f"web.yaml:{LINE_OF_PATH}: {WEB}" in told.out
        assert "/no/such/folder/log" in told.out
        assert town.status(push(node("/dev/stdout"), 6)).code == 0


def test_one_that_starts_while_its_like_refuse_the_newest_serves_the_last_accepted(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    good = town.push(node("/dev/stdout"))
    with town.server() as first:
        with town.envoy():
            town.until("in-sync")
            bad = town.push(node("/no/such/folder/log"))
            town.until("refused")
        eventually(town.proxies, lambda found: found == [])
        with town.envoy():
            (started,) = town.until("last-accepted")
            assert started["refusal"]["commit"] == bad
            wait_until_listening(town)
            first.process.kill()
            first.process.wait()
            assert gitmesh("proxies", town.bare, "--json").json() == {
                "serverRuns": False,
                "proxies": [],
            }
            with town.server():
                # It comes back; and so does one that has just started, after a restart of both.
                town.until("last-accepted")
    with town.server():
        with town.envoy():
            town.until("last-accepted")
            wait_until_listening(town)
            assert town.status(bad).code == 1
            mended = town.push(node("/dev/stderr"))
            assert town.status(mended).code == 0
            town.until("in-sync")
        assert town.status(good).code == 0, "it was overtaken"


def wait_until_listening(town: Town) -> None:
    def connects() -> list[Any]:
        try:
            socket.create_connection((town.addresses.ingress, HTTP), 1).close()
        except OSError:
            return []
        return [True]

    eventually(connects, bool)
