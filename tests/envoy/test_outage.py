"""The control plane is killed under load while a shift is pushed."""

import asyncio
import sys
from pathlib import Path

import pytest

from events.opening import open_for_reading
from events.types import Chain
from gitmesh.demo.sample import ROUTES, shares
from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import Stage, set_stage
from gitmesh.queries.log_location import log_path

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(180)]

OUTAGES = 3


async def _until_share(stage: Stage, low: int, high: int) -> None:
    """Wait until that many of a hundred requests are answered by the cart's second version."""
    async with asyncio.timeout(40):
        while not low <= (await stage.load.sample(100)).by_node["cart-v2"] <= high:
            stage.processes.check()


async def _restart(stage: Stage) -> None:
    told = stage.processes.log_of("gitmesh").count("ready listen=")
    listen = f"{stage.layout.address}:{stage.layout.ports.xds}"
    command = [sys.executable, "-m", "gitmesh", "serve", str(stage.bare), "--listen", listen]
    stage.processes.start("gitmesh", command)
    async with asyncio.timeout(30):
        while stage.processes.log_of("gitmesh").count("ready listen=") == told:
            stage.processes.check()
            await asyncio.sleep(0.05)


async def _outages(stage: Stage) -> None:
    share = 0
    for _ in range(OUTAGES):
        before, share = share, 50 - share
        stage.processes.kill("gitmesh")
        stage.clone.replace(ROUTES, shares(before), shares(share))
        await stage.clone.commit(f"Cart: {share} % to version 2")
        await stage.clone.push()
        # Nobody is told of the shift, and nobody misses the server.
        assert (await stage.load.sample(100)).by_node["cart-v2"] in range(before - 35, before + 36)
        await _restart(stage)
        await _until_share(stage, share - 20 if share else 0, share + 20 if share else 0)


def _verify(log: Path) -> tuple[list[str], list[str]]:
    opened = open_for_reading(log)
    try:
        kinds = [record.kind for record in opened.read(Chain.MESH)]
        return opened.verify(), kinds
    finally:
        opened.close()


def test_a_server_that_is_killed_under_load_fails_no_request_and_catches_up_when_it_is_back() -> (
    None
):
    async def scenario() -> tuple[int, list[str], list[str], list[str]]:
        async with set_stage(Screen(to_stderr=True)) as stage:
            await stage.load.wait_until_answered()
            async with stage.load.steady():
                await _outages(stage)
            total = stage.load.total
            return total.ok, total.failures, *_verify(log_path(stage.bare))

    answered, failures, findings, kinds = asyncio.run(scenario())
    assert failures == []
    assert answered > 300
    assert findings == []
    assert kinds.count("TrafficShifted") == OUTAGES
    assert kinds.count("CommitApplied") == OUTAGES + 1
