"""Shifts on a real Envoy: a good version is promoted, bad ones are reverted within a second.

Slots of traffic and reports are of one second here instead of ten; all else is as in a server.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from mesh.keys import Kind, ResourceKey
from tests.support import traffic as clients
from tests.support.apps import App, serving
from tests.support.command_line import gitmesh
from tests.support.envoy import running, wait_until_ready
from tests.support.git import Repo, git
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_mesh, a_route, a_router, a_service, resource
from tests.support.server import Server
from tests.support.specs import text
from tests.support.traffic import Traffic
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

pytestmark = [pytest.mark.envoy, pytest.mark.timeout(300)]

PORT = free_port()
ROUTE = "mesh/shop/virtualRouter/cart/route/all"
_FAST = """
from gitmesh.traffic import sums
sums.WIDTHS = (1, 60)
from gitmesh.traffic import collector, file
file.WIDTHS, file._SHORT, collector.WRITE_EVERY_S = sums.WIDTHS, 1, 0.2
from gitmesh.service.shifts.reported_traffic import ReportedTraffic as Reported
Reported.window_s, Reported.delay_s, Reported.settle_s = 1.0, 0.5, 2.5
from gitmesh.__main__ import main
main()
"""


@dataclass(frozen=True)
class Faulty(App):
    """An application whose faults a test sets."""

    faults: dict[str, float] = field(default_factory=dict, compare=False)
    _seen: Counter[str] = field(default_factory=Counter, compare=False)

    async def status(self, path: str, headers: Mapping[str, str]) -> int | None:
        await asyncio.sleep(self.faults.get("delay_s", 0.0))
        self._seen["requests"] += 1
        every = self.faults.get("every", 0)
        return 500 if every and self._seen["requests"] % every == 0 else 200


@dataclass
class Town:
    origin: Path
    server: Server
    traffic: Traffic
    apps: Mapping[str, Faulty]

    def start(self, name: str, to: str, *gates: str) -> None:
        options = ("--steps", "50,100", "--interval", "1s", "--min-requests", "400", *gates)
        started = gitmesh(
            "shift", "start", name, "--repo", self.origin, "--route", ROUTE, "--to", to, *options
        )
        assert started.code == 0, started.err

    def last_answer(self, app: str, until: Callable[[], bool]) -> float:
        """Return when an application answered last, once ``until`` holds and it is silent."""
        name, seen, at = f"cart.local from {app}", 0, 0.0
        deadline = time.monotonic() + 60
        held_at: float | None = None
        while held_at is None or time.time() < max(held_at, at) + 1.0:
            assert time.monotonic() < deadline, self.server.lines()[-5:]
            if self.traffic.ok[name] != seen:
                seen, at = self.traffic.ok[name], time.time()
            if held_at is None and until():
                held_at = time.time()
            time.sleep(0.01)
        return at

    def told(self, message: str, shift: str) -> dict[str, object] | None:
        lines = [each for each in self.server.lines() if each.get("shift") == shift]
        return next((each for each in lines if each["message"] == message), None)


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(clients, "PER_TARGET", 8)
    apps = {name: Faulty(name, loopback_address(), PORT) for name in ("v1", "v2")}
    repo = Repo(tmp_path)
    repo.commit_and_push({"shop.yaml": _specs(apps)}, "The mesh")
    caller = Explicit(loopback_address(), loopback_address(), loopback_address())
    key, admin = ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"), free_port()
    with ExitStack() as stack:
        traffic = stack.enter_context(Traffic().running())
        server = stack.enter_context(Server(repo.origin, program=_FAST))
        stack.enter_context(serving(*apps.values()))
        config = bootstrap(
            identity=ProxyIdentity(key, caller),
            xds_address=server.address,
            admin_address=f"{caller.egress}:{admin}",
            report_interval_s=1,
        )
        stack.enter_context(running(config, tmp_path))
        wait_until_ready(caller.egress, admin, tmp_path)
        stack.callback(traffic.end)
        traffic.start(caller.egress, PORT, "cart.local")
        yield Town(repo.origin, server, traffic, apps)


def _specs(apps: Mapping[str, Faulty]) -> str:
    def node(app: App) -> object:
        listener = {"portMapping": {"port": PORT, "protocol": "http"}}
        found = {"dns": {"hostname": app.address}}
        spec = {"listeners": [listener], "serviceDiscovery": found}
        return resource(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", app.name), spec)  # type: ignore[arg-type]

    caller = {"backends": [{"virtualService": {"virtualServiceName": "cart.local"}}]}
    return text(
        a_mesh(),
        resource(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"), caller),  # type: ignore[arg-type]
        *map(node, apps.values()),  # type: ignore[arg-type]
        a_service("cart.local", router="cart"),
        a_router("cart", PORT),
        a_route("cart", "all", {"v1": 100, "v2": 0}),
    )


def test_a_good_version_is_promoted_and_bad_ones_are_reverted_at_once(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    traffic = town.traffic
    traffic.until("all to v1", lambda recent: set(recent) == {"cart.local from v1"})
    town.start("good", "v2")
    town.last_answer("v1", lambda: town.told("shift: promoted", "good") is not None)
    assert traffic.failures == []
    backs = {}
    for name, faults, gates in (
        ("errors", {"every": 12.0}, ()),
        ("slow", {"delay_s": 0.15}, ("--latency", "75ms", "--no-baseline")),
    ):
        town.apps["v1"].faults.clear()
        town.apps["v1"].faults.update(faults)
        town.start(name, "v1", *gates)
        last = town.last_answer("v1", lambda: town.told("shift: ABORTED", name) is not None)  # noqa: B023
        told = town.told("shift: ABORTED", name)
        assert told is not None
        commit = git(town.origin, "log", "-1", "--format=%B", "main")
        assert "This reverts commit" in commit
        backs[name] = last - datetime.fromisoformat(str(told["at"])).timestamp()
        assert backs[name] < 1.0
    others = [each for each in traffic.failures if "status 500" not in each]
    assert others == [], "the application's own errors, and none besides"
    with capsys.disabled():
        shown = ", ".join(f"{name} {back * 1000:.0f} ms" for name, back in backs.items())
        print(f"\n  shifts: last answer of the bad version after the abort is logged: {shown}")
        print("  " + git(town.origin, "log", "--format=%s", "main").replace("\n", "\n  "))
