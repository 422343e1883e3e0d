"""Real Envoys report what a load generator sends through them, and gitmesh tells the same."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gitmesh.demo import envoys
from gitmesh.demo.sample import ROUTES, shares
from gitmesh.demo.screen import Screen
from gitmesh.demo.stage import Stage, set_stage
from gitmesh.demo.traffic.load import Tally
from tests.support.command_line import gitmesh

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(180)]

GATEWAY = "mesh/shop/virtualGateway/entrance"


async def told(bare: Path, *arguments: str) -> Any:
    return await asyncio.to_thread(lambda: gitmesh(*arguments, "--repo", bare, "--json").json())


async def through_gateway(stage: Stage) -> dict[str, int]:
    """Return the requests that the gateway sent, by target node, as gitmesh knows them."""
    found = await told(stage.bare, "traffic", "--since", "10m")
    rows = [row for row in found["traffic"] if row["caller"] == GATEWAY]
    return {row["target"].rpartition("/")[2]: row["requests"] for row in rows}


async def settled(stage: Stage, enough: int) -> dict[str, int]:
    """Wait until that many requests are known, and no more come."""
    async with asyncio.timeout(60):
        known: dict[str, int] = {}
        while True:
            before, known = known, await through_gateway(stage)
            if known == before and sum(known.values()) >= enough:
                return known
            await asyncio.sleep(3.2)  # longer than a report and its writing take


async def sampled(stage: Stage, requests: int) -> tuple[Tally, dict[str, int]]:
    """Send requests; return the generator's count, and what gitmesh learned of them."""
    before = await settled(stage, 1)
    tally = await stage.load.sample(requests)
    after = await settled(stage, sum(before.values()) + requests)
    return tally, {node: after[node] - before.get(node, 0) for node in after}


def test_reported_traffic_equals_what_the_load_generator_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(envoys, "REPORT_INTERVAL_S", 1)

    async def scenario() -> None:
        async with set_stage(Screen(to_stderr=True)) as stage:
            await stage.load.wait_until_answered()
            tally, known = await sampled(stage, 500)
            assert tally.failed == 0
            assert {node: n for node, n in known.items() if n} == {"cart-v1": 500}
            stage.clone.replace(ROUTES, shares(0), shares(50))
            commit = await stage.clone.commit("Cart: half to version 2")
            await stage.clone.push()
            await told(stage.bare, "wait", commit, "--timeout", "30")
            tally, known = await sampled(stage, 500)
            assert {node: n for node, n in known.items() if n} == dict(tally.by_node)
            assert len(tally.by_node) == 2
            await asserted_around(stage, commit, tally)
            callers = await told(stage.bare, "who-calls", "cart", "--since", "10m")
            assert GATEWAY in {row["caller"] for row in callers["traffic"]}
            for each in callers["reporting"]:
                assert each["reported"] == each["connected"]

    asyncio.run(scenario())


async def asserted_around(stage: Stage, commit: str, tally: Tally) -> None:
    """Check what ``gitmesh traffic --commit`` says of the traffic before and after."""
    found = await told(stage.bare, "traffic", "--commit", commit)
    targets = {each["target"].rpartition("/")[2]: each for each in found["targets"]}
    assert targets["cart-v2"]["before"]["requests"] == 0
    assert targets["cart-v2"]["before"]["success"] is None  # nothing is not success
    after = targets["cart-v2"]["after"]
    assert after["requests"] == tally.by_node["cart-v2"]
    assert after["success"]["value"] == 1.0
    assert after["success"]["low"] > 0.97
    assert 0 < after["latencyMs"]["p50"]["value"] <= after["latencyMs"]["p99"]["value"]
