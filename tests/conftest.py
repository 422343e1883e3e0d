"""Options and fixtures of every test."""

import os
import runpy
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

# Laws are never about speed. In continuous integration the same examples are tried each time, so
# that a red gate is about the change; at a developer's desk new ones are.
settings.register_profile(
    "gitmesh",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("gitmesh")


LONGEST: Final = (
    "tests/tour/test_pages.py",
    "tests/envoy/test_routing_model.py",
    "tests/gitmesh/cli/test_system_errors.py",
    "tests/flow/test_proxyless.py",
    "tests/tour/test_pasted.py",
    "tests/gitmesh/push/test_push_without_verdict.py",
    "tests/gitmesh/push/test_push.py",
    "tests/gitmesh/push/test_refused_pushes.py",
    "tests/flow/test_out_of_reach.py",
    "tests/flow/test_coming_back.py",
    "tests/gitmesh/server/test_workers.py",
    "tests/envoy/test_zero_drop.py",
    "tests/envoy/test_mutual_tls.py",
    "tests/envoy/test_demo_stay.py",
    "tests/envoy/test_outage.py",
    "tests/gitmesh/cli/test_interrupts.py",
    "tests/flow/test_held_back.py",
    "tests/envoy/test_demo.py",
)
"""Files that take longest, in the order in which they start: a long one must not start last."""

NETWORK: Final = "TESTS_NETWORK"
"""Environment variable of processes that run tests: ``own``, or why they share this machine's."""


def pytest_configure() -> None:
    """Move this process, and those that it starts, into a network where every port is free."""
    if NETWORK not in os.environ:
        script = Path(__file__).parents[1] / "scripts" / "own_network.py"
        os.environ[NETWORK] = runpy.run_path(str(script))["enter"]() or "own"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take longest."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))


def pytest_report_header() -> str:
    return f"network: {os.environ[NETWORK]}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what golden tests find instead of comparing it; review the difference",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Return whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))
