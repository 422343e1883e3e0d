"""CPU of a server whose proxies report their traffic: ``python -m bench.reports [PROXIES]``.

Each simulated proxy has a stream of load reports and one of metrics, and sends a real Envoy's
captured messages every ten seconds. Printed is the server's CPU with and without reports.
"""

import asyncio
import gzip
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio

from mesh.keys import Kind, ResourceKey
from tests.support.git import git, put
from tests.support.meshes import a_mesh, a_node
from tests.support.reporter import LOAD, METRICS
from tests.support.server import Server
from tests.support.specs import text

INTERVAL_S: Final = 10.0
MEASURED_S: Final = 40.0
CAPTURED: Final = Path(__file__).parents[1] / "tests" / "xds" / "reports" / "envoy"


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def message(name: str) -> bytes:
    """Return a captured message of a real Envoy."""
    return gzip.decompress((CAPTURED / f"{name}.bin.gz").read_bytes())


async def _stream(channel: Any, method: str, first: bytes, later: bytes, at_s: float) -> None:
    call = channel.stream_stream(method)()
    await asyncio.sleep(at_s)
    await call.write(first)
    while True:
        await asyncio.sleep(INTERVAL_S)
        await call.write(later)


async def report(port: int, proxies: int) -> None:
    """Report as these proxies until cancelled."""
    tasks = []
    for number in range(proxies):
        channel = grpc.aio.insecure_channel(
            f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)]
        )
        at_s = INTERVAL_S * number / proxies
        for method, first, later in (
            (LOAD, message("load-first"), message("load")),
            (METRICS, message("metrics-first"), message("metrics")),
        ):
            tasks.append(asyncio.create_task(_stream(channel, method, first, later, at_s)))
    await asyncio.gather(*tasks)


def measure(proxies: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        origin = Path(folder) / "origin.git"
        git(Path(folder), "init", "--bare", "--initial-branch=main", str(origin))
        node = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "cart")
        put(origin, {"mesh.yaml": text(a_mesh(), a_node(node.name, 8080))})
        with Server(origin, cold=True) as server:
            port = server.address.rpartition(":")[2]
            _print("without reports", server)
            command = [sys.executable, "-m", "bench.reports", "--report", port, str(proxies)]
            reporting = subprocess.Popen(command)
            try:
                time.sleep(2.5 * INTERVAL_S)
                _print(f"{proxies:,} proxies, reports each {INTERVAL_S:g} s", server)
            finally:
                reporting.kill()
                reporting.wait()


def _print(what: str, server: Server) -> None:
    pid = server.process.pid
    before, began = cpu_s(pid), time.monotonic()
    time.sleep(MEASURED_S)
    used, passed = cpu_s(pid) - before, time.monotonic() - began
    status = Path(f"/proc/{pid}/status").read_text()
    rss_mb = int(status.partition("VmRSS:")[2].split()[0]) // 1024
    print(f"{what}: {100 * used / passed:.1f} % of a core, {rss_mb} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--report"]:
        asyncio.run(report(int(sys.argv[2]), int(sys.argv[3])))
    else:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
