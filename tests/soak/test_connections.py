"""Ten thousand connections, half of them silent: pushes reach the others in time."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.child import Child, cpu_s
from bench.fleet import BACKENDS, build_fleet, node_id, shift, shift_path
from bench.served import WorkTree
from events.descriptors import raise_limit
from tests.support.descriptors import limited
from tests.support.server import Server
from xds.type_urls import ENDPOINT, ROUTE

EACH = int(os.environ.get("SOAK_CONNECTIONS", "5000"))
"""How many honest connections, and how many silent ones."""
CALLERS = 10
PUSHES = 10
PAUSE_S = 2.0
"""Between two pushes, so that they meet silent connections in every phase of their 20 seconds."""
MOST = 2.0


class Measured:
    """What pushes took until the last honest proxy had them, in milliseconds."""

    def __init__(self, times: list[tuple[float, float]], cpu_s: float, lasted_s: float) -> None:
        self.half = statistics.median(half for half, _ in times)
        self.last = statistics.median(last for _, last in times)
        self.worst = max(last for _, last in times)
        self.busy = cpu_s / lasted_s

    def __str__(self) -> str:
        return (
            f"half of the proxies {self.half:.0f} ms, all {self.last:.0f} ms, "
            f"at worst {self.worst:.0f} ms; the server uses {self.busy:.2f} of a core"
        )


@contextmanager
def silent(port: int) -> Iterator[None]:
    """Hold connections that say nothing until the block ends."""
    command = [sys.executable, "-m", "tests.support.silent_clients", str(port), str(EACH)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        ended, _ = process.communicate(timeout=60)
        print(f"of {EACH} silent connections {ended.strip()} were ended, and came again")


def connect(load: Child, port: int, parts: list[dict[str, Any]]) -> None:
    """Connect the honest proxies, as fast as the server lets them in."""
    batch = min(500, EACH)
    for _ in range(0, EACH, batch):
        found = load.ask("connect", port=port, streams=batch, parts=parts, delta=False)
        assert (found["missing"], found["ended"]) == (0, 0)
        time.sleep(0.5)


def pushed(load: Child, tree: WorkTree, server: Server, first: int) -> Measured:
    """Push again and again; return what it took until the proxies had it."""
    times, cpu, began = [], cpu_s(server.process.pid), time.monotonic()
    for step in range(first, first + PUSHES):
        tree.commit({shift_path(0): shift(0, step)}, f"shift {step}")
        load.ask("arm", type=ROUTE, streams=EACH)
        moved = tree.push()
        found = load.ask("collect")
        assert (found["missing"], found["ended"]) == (0, 0)
        at = found["at"]
        times.append(((at[EACH // 2] - moved) / 1e6, (at[-1] - moved) / 1e6))
        time.sleep(PAUSE_S)
    return Measured(times, cpu_s(server.process.pid) - cpu, time.monotonic() - began)


def part(number: int) -> dict[str, Any]:
    """Return what a proxy of a caller asks for, as an Envoy does."""
    clusters = [f"cds_egress_fleet_p{n}_http_8080" for n in range(BACKENDS + 1)]
    routes = ["rds_egress_http_8080", "rds_ingress_http_8080"]
    return {"node": node_id(number), "names": {ENDPOINT: clusters, ROUTE: routes}}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_as_many_silent_connections_as_honest_ones_slow_no_push(tmp_path: Path) -> None:
    raise_limit(2 * EACH + 1000)
    repository = tmp_path / "fleet.git"
    build_fleet(repository, callers=CALLERS)
    tree = WorkTree(repository)
    options = ("--max-streams-of-node", str(EACH))
    with Server(repository, *options, within=limited(1_024, 20_000)) as server:
        port = int(server.address.rpartition(":")[2])
        with Child("bench.proxies") as load:
            connect(load, port, [part(number) for number in range(CALLERS)])
            quiet = pushed(load, tree, server, 1)
            print(f"\n{EACH} honest connections: {quiet}")
            with silent(port):
                crowded = pushed(load, tree, server, 1 + PUSHES)
                print(f"with {EACH} silent ones beside them: {crowded}")
            ratio = crowded.last / quiet.last
            print(f"ratio: {ratio:.2f} until the last has it, {crowded.half / quiet.half:.2f} p50")
            assert not [line for line in server.lines() if line["level"] == "ERROR"]
            load.ask("leave")
    assert ratio < MOST
