"""Real Envoys of a fleet's callers, each on loopback addresses of its own."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.fleet import node_id
from bench.served import PATIENCE_S
from gitmesh.demo.envoys import find_envoy
from mesh.keys import ResourceKey
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity


@contextmanager
def envoys(count: int, folder: Path, port: int) -> Iterator[None]:
    """Run an Envoy for each of the first callers until the block ends.

    They listen on 127.77.<caller>.1 and .2, and dial the server on this port.
    """
    program = find_envoy()
    running = []
    try:
        for caller in range(count):
            config = folder / f"envoy{caller}.json"
            config.write_text(json.dumps(_bootstrap(caller, folder, port)))
            options = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
            running.append(subprocess.Popen([program, "--config-path", str(config), *options]))
        yield
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.wait(PATIENCE_S)


def wait_for_proxies(count: int, gitmesh: list[str], repository: Path) -> None:
    """Wait until so many proxies are connected and in sync."""
    options = ["--repo", str(repository), "--wait", str(PATIENCE_S), "--proxies", str(count)]
    subprocess.run([*gitmesh, "status", *options], check=True, stdout=subprocess.DEVNULL)
    time.sleep(1.0)  # Envoys that have just started load their last listeners


def _bootstrap(caller: int, folder: Path, port: int) -> object:
    addresses = (f"127.77.{caller}.1", f"127.77.{caller}.2", f"127.77.{caller}.3")
    return bootstrap(
        identity=ProxyIdentity(ResourceKey.parse(node_id(caller)), Explicit(*addresses)),
        xds_address=f"127.0.0.1:{port}",
        admin_address=f"unix:{folder}/admin{caller}.sock",
    )
