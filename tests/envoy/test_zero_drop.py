"""No request fails, whatever is pushed and whatever happens to the server, under load.

Four real Envoys: two proxies of the caller, one for each variant of xDS, and one in front of each
version of the service that they call. The server runs in two processes that share its port. The
count of answers is printed at the end.
"""

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from events.opening import open_for_reading
from events.types import Chain
from gitmesh.queries.log_location import log_path
from mesh.keys import Kind, ResourceKey
from tests.support.apps import App, serving
from tests.support.certificates import Authority
from tests.support.envoy import running, wait_until_ready
from tests.support.git import Repo
from tests.support.loopback import free_port, loopback_address
from tests.support.meshes import a_mesh, a_route, a_router, a_service, resource
from tests.support.server import Server
from tests.support.specs import text
from tests.support.traffic import Traffic
from xds.bootstrap.envoy import bootstrap
from xds.nodes import Explicit, ProxyIdentity

pytestmark = [pytest.mark.envoy, pytest.mark.slow, pytest.mark.timeout(300)]

PORT = free_port()
OTHER_PORT = free_port()
PATIENCE_S = 30.0


@dataclass
class Mesh:
    """The mesh as it is now; what a test changes and pushes."""

    weights: dict[str, int] = field(default_factory=lambda: {"v1": 100, "v2": 0})
    extra: int = 0
    """The port of one more service; a port that no other has is a listener more, too."""
    logged_to: str = ""
    tls: str = ""


@dataclass
class Town:
    repo: Repo
    authority: Authority
    traffic: Traffic
    callers: tuple[Explicit, Explicit]
    versions: dict[str, Explicit]
    server: "Supervised"
    mesh: Mesh = field(default_factory=Mesh)

    def push(self, message: str, **changes: Any) -> str:
        """Change the mesh, push it, and wait until every proxy has acknowledged it."""
        commit = self.push_only(message, **changes)
        self.converged(commit)
        return commit

    def push_only(self, message: str, **changes: Any) -> str:
        for name, value in changes.items():
            setattr(self.mesh, name, value)
        return self.repo.commit_and_push({"shop.yaml": self.specs()}, message)

    def revert(self, commit: str) -> None:
        self.repo.revert(commit)
        self.converged(self.repo.push())

    def converged(self, commit: str) -> None:
        def told() -> bool:
            log = open_for_reading(log_path(self.repo.origin))
            try:
                return any(
                    record.kind == "SnapshotConverged" and record.commit == commit
                    for record in log.read(Chain.DELIVERY)
                )
            finally:
                log.close()

        until(told, f"{commit} does not converge")

    def specs(self) -> str:
        mesh = self.mesh
        backends = ["cart.local", *(["extra.local"] if mesh.extra else [])]
        caller: Any = {
            "backends": [{"virtualService": {"virtualServiceName": b}} for b in backends]
        }
        if mesh.logged_to:
            caller["logging"] = {"accessLog": {"file": {"path": mesh.logged_to}}}
        extra = [
            a_service("extra.local", router="extra"),
            a_router("extra", mesh.extra or PORT),
            a_route("extra", "all", {"v2": 1}),
        ]
        return text(
            a_mesh(),
            resource(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"), caller),
            *(self._version(name) for name in sorted(self.versions)),
            a_service("cart.local", router="cart"),
            a_router("cart", PORT),
            a_route("cart", "all", mesh.weights),
            *(extra if mesh.extra else []),
        )

    def _version(self, name: str) -> Any:
        address = self.versions[name].ingress
        listener: Any = {"portMapping": {"port": PORT, "protocol": "http"}}
        if self.mesh.tls:
            shown = self.authority.issue(name, address).json
            listener["tls"] = {"mode": self.mesh.tls, "certificate": shown}
        found: Any = {"dns": {"hostname": address}}
        spec: Any = {"listeners": [listener], "serviceDiscovery": found}
        return resource(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name), spec)


class Supervised:
    """``gitmesh serve`` with two workers, which may be ended and started again on its port."""

    def __init__(self, repo: Path) -> None:
        self._repo = repo
        self._listen = f"{loopback_address()}:{free_port()}"
        self.server = self._start()

    @property
    def address(self) -> str:
        self.server.wait_for("ready")
        return self._listen

    def _start(self) -> Server:
        return Server(self._repo, "--workers", "2", "--listen", self._listen)

    def end(self, number: signal.Signals) -> None:
        self.server.stop(number)

    def start(self) -> None:
        self.server = self._start()
        self.server.wait_for("ready")

    def workers(self) -> list[int]:
        """Return the ids of the worker processes that serve now, the newest of each."""
        newest: dict[object, int] = {}
        for line in self.server.lines():
            if line["message"] == "worker serves":
                newest[line["worker"]] = int(str(line["pid"]))
        return list(newest.values())

    def close(self) -> None:
        self.server.__exit__()


def until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


@contextmanager
def running_town(folder: Path) -> Iterator[Town]:
    repo = Repo(folder)
    (folder / "certificates").mkdir()
    apps = {name: App(name, loopback_address(), PORT) for name in ("v1", "v2")}

    def sidecar(application: str) -> Explicit:
        return Explicit(loopback_address(), loopback_address(), application)

    callers = (sidecar(loopback_address()), sidecar(loopback_address()))
    versions = {name: sidecar(app.address) for name, app in apps.items()}
    proxies = [("web", callers[0], False), ("web", callers[1], True)]
    proxies += [("v1", versions["v1"], True), ("v2", versions["v2"], False)]
    with ExitStack() as stack:
        traffic = stack.enter_context(Traffic().running())
        supervised = Supervised(repo.origin)
        stack.callback(supervised.close)
        authority = Authority(folder / "certificates")
        town = Town(repo, authority, traffic, callers, versions, supervised)
        town.push_only("The mesh")
        stack.enter_context(serving(*apps.values()))
        for number, (name, addresses, delta) in enumerate(proxies):
            where = folder / f"envoy-{number}"
            where.mkdir()
            admin = free_port()
            config = bootstrap(
                identity=ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name), addresses),
                xds_address=supervised.address,
                admin_address=f"{addresses.egress}:{admin}",
                delta=delta,
            )
            stack.enter_context(running(config, where))
            wait_until_ready(addresses.egress, admin, where)
        stack.callback(traffic.end)
        for caller in callers:
            traffic.start(caller.egress, PORT, "cart.local")
        yield town


def only(*who: str) -> Callable[[Counter[str]], bool]:
    return lambda recent: set(recent) == set(who)


def test_no_request_fails_whatever_is_pushed_and_whatever_happens_to_the_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_town(tmp_path) as town:
        traffic = town.traffic
        traffic.until("all to v1", only("cart.local from v1"))
        _shifts(town)
        _services_come_and_go(town)
        _listeners_change(town, tmp_path)
        _tls_is_switched_on_and_off(town)
        _workers_and_servers_die(town)
        final = dict(sorted(traffic.ok.items()))
    with capsys.disabled():
        answers, failed = sum(final.values()), len(traffic.failures)
        print(f"\n  zero drop: {answers:,} answers, {failed} failed; {final}")
    assert traffic.failures == []
    assert sum(final.values()) > 1_000


def _replaced(town: Town, victim: int) -> bool:
    return victim not in town.server.workers()


def _shifts(town: Town) -> None:
    for share in (10, 50, 100):
        town.push(f"{share} % to v2", weights={"v1": 100 - share, "v2": share})
    town.traffic.until("all to v2", only("cart.local from v2"))
    back = town.push("All to v1", weights={"v1": 1, "v2": 0})
    town.traffic.until("all to v1", only("cart.local from v1"))
    town.revert(back)
    town.traffic.until("a revert", only("cart.local from v2"))
    town.push("v2 is no target any more", weights={"v1": 1})
    for number in range(20):
        # Faster than anybody acknowledges.
        weights = {"v1": 1} if number % 3 else {"v1": 1, "v2": number}
        last = town.push_only(f"burst {number}", weights=weights)
    town.converged(last)
    town.traffic.until("the last of a burst", only("cart.local from v1"))


def _services_come_and_go(town: Town) -> None:
    for port in (PORT, OTHER_PORT):
        town.push(f"A service comes on {port}", extra=port)
        for caller in town.callers:
            until(partial(_listens, caller.egress, port), f"nobody listens on {port}")
            town.traffic.start(caller.egress, port, "extra.local")
        town.traffic.until("both", only("cart.local from v1", "extra.local from v2"))
        for caller in town.callers:
            town.traffic.stop(caller.egress, "extra.local")
        town.push("And goes", extra=0)


def _listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


def _listeners_change(town: Town, folder: Path) -> None:
    logged = town.push("Calls are logged", logged_to=str(folder / "access.log"))
    until(lambda: (folder / "access.log").exists(), "nothing is logged")
    town.push("Elsewhere", logged_to=str(folder / "other.log"))
    assert logged
    town.push("Not any more", logged_to="")


def _tls_is_switched_on_and_off(town: Town) -> None:
    for mode in ("PERMISSIVE", "STRICT", "PERMISSIVE", ""):
        town.push(f"TLS: {mode}", tls=mode)
        town.traffic.until(mode, only("cart.local from v1"), window_s=1)


def _workers_and_servers_die(town: Town) -> None:
    for share in (100, 0):
        victim = town.server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        town.push(f"{share} % while a worker is dead", weights={"v1": 100 - share, "v2": share})
        town.traffic.until("a shift", only(f"cart.local from {'v2' if share else 'v1'}"))
        until(partial(_replaced, town, victim), "the worker does not come back")
    for number, app in ((signal.SIGTERM, "v2"), (signal.SIGKILL, "v1")):
        town.server.end(number)
        # The clusters of the other go, and no process remembers what they were.
        town.push_only(f"{app} alone while nobody serves", weights={app: 1})
        time.sleep(0.5)
        town.server.start()
        town.traffic.until("a shift", only(f"cart.local from {app}"))
