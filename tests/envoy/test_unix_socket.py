"""Real Envoys that reach gitmesh over a Unix socket, started by the line that bootstrap prints."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.apps import App, ask, serving
from tests.support.command_line import gitmesh
from tests.support.envoy import find_envoy
from tests.support.git import Repo, put
from tests.support.loopback import free_port, loopback_address
from tests.support.server import Server
from tests.support.told import until

pytestmark = pytest.mark.envoy

GATE, DOOR = (f"mesh/town/virtualGateway/{name}" for name in ("gate", "door"))
PORT = free_port()
GATEWAY = """
---
{{kind: VirtualGateway, meshName: town, virtualGatewayName: {name}, spec: {{
    listeners: [{{portMapping: {{port: {port}, protocol: http}}}}]}}}}
---
{{kind: GatewayRoute, meshName: town, virtualGatewayName: {name}, gatewayRouteName: all, spec: {{
    httpRoute: {{match: {{prefix: /}},
    action: {{target: {{virtualService: {{virtualServiceName: house.local}}}}}}}}}}}}
"""


def specs(address: str) -> dict[str, str | bytes]:
    gateways = "".join(GATEWAY.format(name=name, port=PORT) for name in ("gate", "door"))
    return {
        "town.yaml": f"""\
kind: Mesh
meshName: town
spec: {{}}
---
kind: VirtualNode
meshName: town
virtualNodeName: house
spec:
  listeners: [{{portMapping: {{port: {PORT}, protocol: http}}}}]
  serviceDiscovery: {{dns: {{hostname: {address}}}}}
---
kind: VirtualService
meshName: town
virtualServiceName: house.local
spec: {{provider: {{virtualNode: {{virtualNodeName: house}}}}}}
{gateways}"""
    }


@contextmanager
def started(command: str, folder: Path) -> Iterator[None]:
    """Run a line as a shell does that finds Envoy on its path, until the end of the block."""
    path = f"{Path(find_envoy()).parent}:{os.environ['PATH']}"
    # The program in the package has no short name.
    (folder / "bin").mkdir(exist_ok=True)
    link = folder / "bin" / "envoy"
    if not link.exists():
        link.symlink_to(find_envoy())
    with (folder / "envoy.log").open("ab") as log:
        envoy = subprocess.Popen(
            ["bash", "-c", f"exec {command} --concurrency 1 --log-level warn"],
            cwd=folder,
            env={**os.environ, "PATH": f"{folder / 'bin'}:{path}"},
            stdout=log,
            stderr=log,
        )
        try:
            yield
        finally:
            envoy.terminate()
            envoy.wait(20)


def answered(address: str) -> str | None:
    try:
        return ask(address, PORT).app
    except OSError:
        return None


def commit_status(bare: Path) -> list[tuple[str, str]]:
    """Return how each proxy stands, as the log tells it a moment later."""
    proxies = gitmesh("proxies", bare, "--json").json()["proxies"]
    return sorted((each["node"], each["state"]) for each in proxies)


def test_two_envoys_of_one_host_route_real_requests_that_came_over_a_socket_file(
    tmp_path: Path,
) -> None:
    bare = Repo(tmp_path).origin
    house, villa = (App(name, loopback_address(), PORT) for name in ("house", "villa"))
    put(bare, specs(house.address), message="A town")
    socket = f"unix:{tmp_path / 'x.sock'}"
    entrances = {node: loopback_address() for node in (GATE, DOOR)}
    with serving(house, villa), Server(bare, "--listen", socket) as server, ExitStack() as stack:
        server.wait_for("ready")
        for node, ingress in entrances.items():
            name = node.rpartition("/")[2]
            explicit = f"ingress={ingress},egress={loopback_address()}"
            bootstrap = ["bootstrap", "--node", node, "--xds", socket, "--explicit", explicit]
            bootstrap += ["--admin", f"unix:{name}.admin"]
            command = [sys.executable, "-m", "gitmesh", *bootstrap]
            done = subprocess.run(
                ["bash", "-c", f"{shlex.join(command)} > {name}.json"],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                capture_output=True,
                text=True,
                check=True,
            )
            line = done.stderr.splitlines()[0].removeprefix("start Envoy with: ")
            assert line == f"envoy -c {name}.json --use-dynamic-base-id"
            stack.enter_context(started(line, tmp_path))
        until(lambda: [answered(each) for each in entrances.values()] == ["house", "house"])
        put(bare, specs(villa.address), message="They move", minute=1)
        until(lambda: [answered(each) for each in entrances.values()] == ["villa", "villa"])
        until(lambda: commit_status(bare) == [(DOOR, "in-sync"), (GATE, "in-sync")])
        assert server.stop() == 0
        assert [answered(each) for each in entrances.values()] == ["villa", "villa"]
