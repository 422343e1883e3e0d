"""The demo, as a user runs it: the whole way from ``git push`` to real requests, and back."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitmesh.demo.report import BAR_TOTAL_MS
from gitmesh.demo.sample import ROUTES

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(180)]


def processes_with(mark: str) -> list[str]:
    """Return the commands of processes that inherited the mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has ended, or is not ours to look at
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """Run the demo once, with a temporary folder of its own and a mark on every process."""
    folder = tmp_path_factory.mktemp("demo")
    mark = f"demo-test-{os.getpid()}"
    done = subprocess.run(
        [sys.executable, "-m", "gitmesh", "demo", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
        env={**os.environ, "TMPDIR": str(folder), "DEMO_TEST_MARK": mark},
    )
    assert processes_with(mark) == [], "something was left running"
    assert os.listdir(folder) == [], "something was left behind"
    return done


@pytest.fixture(scope="module")
def report(ran: "subprocess.CompletedProcess[str]") -> Any:
    return json.loads(ran.stdout or f'"{ran.stderr[-300:]!r}"')


def test_every_request_of_the_tour_was_answered(report: Any) -> None:
    assert report["failures"] == []
    assert report["requests_failed"] == 0
    assert report["requests_ok"] > 4000


def test_each_proxy_of_the_sample_ran(report: Any) -> None:
    assert report["proxies"] == 7  # a gateway, five virtual nodes, one of them with two instances


def test_traffic_is_split_as_the_repository_says_at_each_step(report: Any) -> None:
    splits = report["splits"]
    assert splits["before"] == splits["reverted"] == {"cart-v1": 1000}
    for step in ("shifted", "refused"):
        assert sum(splits[step].values()) == 1000
        assert 60 <= splits[step]["cart-v2"] <= 140


def test_the_mistake_is_refused_with_file_line_reason_and_hint(report: Any) -> None:
    [problem] = report["rejection"]
    assert problem["path"] == ROUTES
    assert problem["line"] > 0
    assert problem["code"] == "dangling-reference"
    assert "cart-v3" in problem["message"]
    assert "cart-v2" in problem["hint"]


def test_a_shift_concerns_only_the_proxies_that_route_to_the_cart(report: Any) -> None:
    assert {d["proxies"] for d in [report["shift"], report["revert"], *report["deliveries"]]} == {2}


def test_the_times_that_were_measured_are_in_order(report: Any) -> None:
    # How long they are is for the demo to judge: a machine that runs tests is not at rest.
    for delivery in report["deliveries"]:
        steps = [delivery[name] for name in ("seen_ms", "planned_ms", "own_ms", "total_ms")]
        assert steps == sorted(steps)
        assert steps[-1] > 0
    assert report["total_ms"]["bar"] == BAR_TOTAL_MS


def test_it_says_that_all_is_well_exactly_when_every_promise_held(
    ran: "subprocess.CompletedProcess[str]", report: Any
) -> None:
    assert report["broken"] == []
    assert report["ok"] is True
    assert ran.returncode == 0
    assert "gitmesh log" in ran.stderr
