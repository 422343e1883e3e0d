"""Setup and teardown of the demo: repository, server, applications, Envoys."""

import asyncio
import contextlib
import random
import re
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gitmesh.demo.addresses import free_layout, free_ports, replacements
from gitmesh.demo.envoys import find_envoy, start_envoys, wait_until_live
from gitmesh.demo.event_waiter import EventWaiter
from gitmesh.demo.folder import DemoFolder
from gitmesh.demo.git import Clone
from gitmesh.demo.layout import Layout, listening_ports, plan_layout
from gitmesh.demo.processes import Processes
from gitmesh.demo.sample import copy_sample, sample_repo
from gitmesh.demo.screen import Screen
from gitmesh.demo.timeouts import PATIENCE_S, late
from gitmesh.demo.traffic.load import Load
from gitmesh.queries.log_location import log_path
from reconciler.directory import read_directory
from reconciler.git.initialization import init_bare

BRANCH = "main"
_CONSOLE: Final = re.compile(r"serving the console url=(\S+)")
UNUSED = "127.254.254.254"
"""Address outside the networks that :func:`free_layout` tries."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs during the demo."""

    folder: DemoFolder
    bare: Path
    clone: Clone
    layout: Layout
    events: EventWaiter
    load: Load
    processes: Processes

    @property
    def console(self) -> str:
        """Return the URL of the console; empty if it is not served."""
        found = _CONSOLE.search(self.processes.log_of("gitmesh"))
        return "" if found is None else found[1]


@contextlib.asynccontextmanager
async def set_stage(screen: Screen, *, console: bool = False) -> AsyncIterator[Stage]:
    """Start everything, in a temporary folder; stop and remove everything at the end.

    Files that were marked with ``stage.folder.keep`` are not removed.

    :param console: serve the console, too.
    :raises Fatal: something did not start.
    """
    envoy = find_envoy()
    folder = DemoFolder.make()
    processes = Processes(folder.path)
    try:
        layout = _plan(screen, folder.path / "sample")
        clone = await _push_sample(folder.path, screen)
        bare = folder.path / "shop.git"
        events = await _start_server(bare, layout, processes, screen, console=console)
        with contextlib.closing(events):
            await _start_proxies(envoy, layout, processes, folder.path, screen)
            load = Load(layout.door)
            yield Stage(folder, bare, clone, layout, events, load, processes)
    finally:
        processes.stop()
        folder.clear()


def _plan(screen: Screen, sample: Path) -> Layout:
    """Copy the sample, with other ports where its own are in use; return its layout."""
    ports = listening_ports(read_directory(sample_repo()).graph)
    others = replacements(ports, UNUSED)
    copy_sample(sample, others)
    if others:
        pairs = ", ".join(f"{old} → {new}" for old, new in others.items())
        screen.say(f"something listens on ports of the sample mesh, so it gets others: {pairs}")
    graph, own = read_directory(sample).graph, free_ports()
    return free_layout(lambda network: plan_layout(graph, network, own), random.Random())  # noqa: S311


async def _push_sample(folder: Path, screen: Screen) -> Clone:
    bare = folder / "shop.git"
    init_bare(bare, BRANCH)
    clone = await Clone.of(bare, folder / "shop", BRANCH)
    clone.copy_in(folder / "sample")
    commit = await clone.commit("The shop's mesh")
    await clone.push()
    screen.good(f"a git repository with the sample mesh, at commit {commit[:7]}")
    return clone


async def _start_server(
    bare: Path, layout: Layout, processes: Processes, screen: Screen, *, console: bool
) -> EventWaiter:
    listen = f"{layout.address}:{layout.ports.xds}"
    command = [sys.executable, "-m", "gitmesh", "serve", str(bare), "--listen", listen]
    if console:
        command += ["--console", f"{layout.address}:0"]
    processes.start("gitmesh", command)
    async with screen.working("gitmesh serve starts"):
        await _until(
            lambda: "ready listen=" in processes.log_of("gitmesh"), processes.check, "gitmesh"
        )
    screen.good(f"gitmesh serve follows it and answers proxies at {listen}")
    return EventWaiter(log_path(bare), processes.check)


async def _start_proxies(
    envoy: Path, layout: Layout, processes: Processes, folder: Path, screen: Screen
) -> None:
    plan = folder / "layout.json"
    plan.write_text(layout.model_dump_json())
    processes.start("apps", [sys.executable, "-m", "gitmesh.demo.traffic.apps", str(plan)])
    start_envoys(envoy, layout, processes, folder)
    async with screen.working(f"{len(layout.proxies)} Envoys and their applications start"):
        await _until(lambda: "ready" in processes.log_of("apps"), processes.check, "applications")
        await wait_until_live(layout, processes)


async def _until(ready: Callable[[], bool], check: Callable[[], None], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not ready():
                check()
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise late(f"{what} did not start") from None
