"""Several worker processes behind one port: one log, and recovery when any of them fails."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from events.types import (
    CommitId,
    ProxyConnected,
    ProxyDisconnected,
    SnapshotConverged,
    SnapshotPublished,
    SnapshotRejected,
)
from gitmesh.demo.sample import sample_repo, shares
from gitmesh.server.heartbeat import MOST_MISSED
from tests.support.command_line import gitmesh
from tests.support.git import Repo, put
from tests.support.raw_client import Held, RawClient
from tests.support.sample_shop import ENTRANCE, route_names, sample_files
from tests.support.server import Server
from tests.support.sockets import connections
from tests.support.told import told, until
from xds.delivery.delivery_tracker import SETTLE_S
from xds.type_urls import CLUSTER, LISTENER, ROUTE


def shop(folder: Path) -> Path:
    bare = Repo(folder).origin
    put(bare, sample_files(), message="The shop's mesh")
    return bare


@dataclass(frozen=True)
class Running:
    """A server with two workers, and its repository."""

    bare: Path
    server: Server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that goes on after each test; its workers need not."""
    bare = shop(tmp_path_factory.mktemp("running"))
    with Server(bare, "--workers", "2") as server:
        yield Running(bare, server)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return shop(tmp_path)


@pytest.fixture
def server(bare: Path) -> Iterator[Server]:
    with Server(bare, "--workers", "2") as server:
        yield server


def pids(server: Server) -> dict[int, int]:
    """Return the processes of the workers that serve, by number."""
    _ = server.address
    lines = [line for line in server.lines() if line["message"] == "worker serves"]
    return {int(str(line["worker"])): int(str(line["pid"])) for line in lines}


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


def everything(client: RawClient, node: str = ENTRANCE) -> dict[str, Held]:
    client.subscribe(CLUSTER)
    client.subscribe(LISTENER)
    client.subscribe(ROUTE, *route_names(node))
    return dict(client.held)


def push(running: Running, routes: str) -> None:
    """Make a commit of the shop's own files but for these shares; wait until it is served."""
    _ = running.server.address
    commit = put(running.bare, sample_files(routes), message="Before the test")
    running.server.wait_for("snapshot converged", commit=commit[:7])


class Crowd:
    """Clients, and which worker each of them has met."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self._server = server
        self._stack = stack
        self._port = int(server.address.rpartition(":")[2])
        until(lambda: not any(self._counts().values()))
        self.clients: list[RawClient] = []
        self.worker_of: list[int] = []
        self.held: list[dict[str, Held]] = []

    def join(self, node: str = ENTRANCE) -> RawClient:
        """Add a client of a node, which holds everything when this returns."""
        assert len(self.clients) < 40, self.worker_of
        before = self._counts()
        client = self._stack.enter_context(RawClient(self._server.address, node))
        self.clients.append(client)
        self.held.append(everything(client, node))
        [grown] = [n for n, count in self._counts().items() if count > before[n]]
        self.worker_of.append(grown)
        return client

    def fill(self) -> None:
        """Add clients until every worker has one."""
        while set(self.worker_of) != set(pids(self._server)):
            self.join()

    def come(self, refused: str, refusing: Callable[[int], bool]) -> dict[int, RawClient]:
        """Return a client of each worker that has all but routes, and refused these routes where it
        is to. A client of a worker that sends older routes, because it does not know of the newest
        commit yet, leaves, and another comes."""
        found: dict[int, RawClient] = {}
        for _ in range(40):
            before = self._counts()
            client = self._stack.enter_context(RawClient(self._server.address, ENTRANCE))
            client.subscribe(CLUSTER)
            [worker] = [n for n, count in self._counts().items() if count > before[n]]
            if worker in found or not self._ready(client, refused if refusing(worker) else None):
                client.__exit__()
                self._wait_for(before)
                continue
            found[worker] = client
            if found.keys() == pids(self._server).keys():
                break
        return found

    def _ready(self, client: RawClient, refused: str | None) -> bool:
        """Subscribe to all types; return whether it refused the routes that it is to refuse."""
        client.subscribe(LISTENER)
        client.ask(ROUTE, *route_names())
        return refused is None or client.refuse_version(ROUTE, refused, "not these")

    def _wait_for(self, counts: dict[int, int]) -> None:
        until(lambda: self._counts() == counts)

    def _counts(self) -> dict[int, int]:
        return {n: connections(pid, self._port) for n, pid in pids(self._server).items()}


def test_workers_serve_the_very_same_bytes_and_a_commit_is_told_once_with_all_their_proxies(
    running: Running,
) -> None:
    bare, server = running.bare, running.server
    with ExitStack() as stack:
        crowd = Crowd(server, stack)
        crowd.fill()
        # Each process has a hash seed of its own.
        assert all(held == crowd.held[0] for held in crowd.held)
        assert crowd.held[0][CLUSTER].version
        commit = put(bare, sample_files(shares(10)), message="Shift")
        shifted = [client.receive(ROUTE) for client in crowd.clients]
        assert all(held == shifted[0] != crowd.held[0][ROUTE] for held in shifted)
        line = server.wait_for("snapshot converged", commit=commit[:7])
        proxies = len(crowd.clients)
        assert line["proxies"] == proxies
        assert line.keys() >= {"seen_ms", "planned_ms", "written_ms", "acked_ms"}
    [published] = told(bare, SnapshotPublished)
    assert (published.nodes, published.proxies) == ((ENTRANCE,), proxies)
    assert len(told(bare, SnapshotConverged)) == 1


def test_who_answers_in_one_worker_is_told_before_who_calls_in_another(running: Running) -> None:
    bare, server = running.bare, running.server
    name = "shop/cart/node-v1.yaml"
    plain = sample_files()
    certificate = "{file: {certificateChain: /c.pem, privateKey: /k.pem}}"
    tls = f"\n      tls: {{mode: PERMISSIVE, certificate: {certificate}}}"
    port = "portMapping: {port: 8080, protocol: http}"
    text = (sample_repo() / name).read_text()
    with ExitStack() as stack:
        crowd = Crowd(server, stack)
        cart = crowd.join("mesh/shop/virtualNode/cart-v1")
        crowd.fill()
        caller = crowd.clients[-1]
        assert crowd.worker_of[-1] != crowd.worker_of[0]
        put(bare, {**plain, name: text.replace(port, port + tls)}, message="TLS")
        caller.silence(1.0)
        # Now the cart understands TLS.
        cart.receive(LISTENER)
        caller.receive(CLUSTER)
        assert b"tls" in caller.held[CLUSTER].resources["cds_egress_shop_cart-v1_http_8080"].lower()


def test_a_worker_that_is_killed_is_started_again_and_its_proxies_are_counted_out(
    running: Running,
) -> None:
    bare, server = running.bare, running.server
    with ExitStack() as stack:
        crowd = Crowd(server, stack)
        crowd.fill()
        before = pids(server)
        os.kill(before[1], signal.SIGKILL)
        until(lambda: _died(bare) == crowd.worker_of.count(1))
        server.wait_for("a worker died and is restarted", worker=1)
        until(lambda: pids(server)[1] != before[1])
        assert all(alive(pid) for pid in pids(server).values())
        assert pids(server)[2] == before[2]
        # Everybody finds a server, and the same mesh.
        with RawClient(server.address, ENTRANCE) as again:
            assert everything(again) == crowd.held[0]


def test_a_worker_that_hangs_is_replaced_and_its_proxies_find_another_meanwhile(
    running: Running,
) -> None:
    bare, server = running.bare, running.server
    push(running, shares(30))
    with ExitStack() as stack:
        crowd = Crowd(server, stack)
        crowd.fill()
        before, died = pids(server), _died(bare)
        os.kill(before[1], signal.SIGSTOP)
        put(bare, sample_files(shares(40)), message="While one hangs")
        for client, worker in zip(crowd.clients, crowd.worker_of, strict=True):
            if worker != 1:
                client.receive(ROUTE)
        line = server.wait_for(
            "a worker died and is restarted",
            worker=1,
            reason=f"told nothing for {MOST_MISSED + 1} s and was killed",
        )
        assert not alive(before[1])
        cut_off = crowd.worker_of.count(1)
        until(lambda: _died(bare) == died + cut_off)
        until(lambda: pids(server)[1] != before[1])
        assert pids(server)[2] == before[2]
        server.wait_for("snapshot converged", proxies=len(crowd.clients) - cut_off)
        # The same mesh again, wherever they come: that of the commit which it slept through.
        crowd.join()
        crowd.join()
        still_there = crowd.clients[crowd.worker_of.index(2)]
        assert all(held[ROUTE] == still_there.held[ROUTE] for held in crowd.held[-2:])
        assert line["after_s"] == pytest.approx(0.1, abs=0.2)


def test_nobody_waits_for_a_worker_that_hangs_and_its_proxies_are_not_called_in_sync(
    running: Running,
) -> None:
    bare, server = running.bare, running.server
    push(running, shares(41))
    with ExitStack() as stack:
        crowd = Crowd(server, stack)
        crowd.fill()
        before = pids(server)
        well = [c for c, n in zip(crowd.clients, crowd.worker_of, strict=True) if n != 1]
        hung = crowd.worker_of.count(1)
        until(lambda: _states(bare) == ["in-sync"] * len(crowd.clients))
        os.kill(before[1], signal.SIGSTOP)
        commits = []
        for share in (42, 43, 44):
            commits.append(put(bare, sample_files(shares(share)), message="While one hangs"))
            for client in well:
                client.receive(ROUTE)
        assert alive(before[1]), "all three were told while it hung"
        # Each was offered to those who could be reached, and none is said to be everywhere.
        until(lambda: {e.commit for e in told(bare, SnapshotPublished)} >= {*commits})
        offered = {e.commit: e.proxies for e in told(bare, SnapshotPublished)}
        assert [offered[CommitId(commit)] for commit in commits] == [len(well)] * 3
        states = ["behind"] * hung + ["in-sync"] * len(well)
        until(lambda: _states(bare) == states)
        status = gitmesh("status", "--repo", bare, "--json")
        assert status.code == 4
        [named] = status.json()["unresponsiveWorkers"]
        assert (named["worker"], named["process"], named["proxies"]) == (1, before[1], hung)
        assert (
            f"worker 1 (process {before[1]}) does not answer"
            in gitmesh("status", "--repo", bare).out
        )
        assert not {e.commit for e in told(bare, SnapshotConverged)} & {*commits}
        # It comes back, and has to catch up.
        os.kill(before[1], signal.SIGCONT)
        for client, worker in zip(crowd.clients, crowd.worker_of, strict=True):
            if worker == 1:
                while client.receive(ROUTE) != well[0].held[ROUTE]:
                    pass
        until(lambda: _states(bare) == ["in-sync"] * len(crowd.clients))
        until(lambda: commits[-1] in {e.commit for e in told(bare, SnapshotConverged)})
        server.wait_for("worker 1 answers again")
        assert not gitmesh("status", "--repo", bare, "--json").json()["unresponsiveWorkers"]
        assert pids(server) == before


def test_who_comes_while_its_like_refuse_the_newest_has_the_last_accepted_at_every_worker(
    running: Running,
) -> None:
    bare, server = running.bare, running.server
    push(running, shares(50))
    with ExitStack() as stack:
        crowd = Crowd(server, stack)
        first = crowd.join()
        [home] = crowd.worker_of
        accepted = first.held[ROUTE]
        until(lambda: _states(bare) == ["in-sync"])
        put(bare, sample_files(shares(60)), message="Refused")
        refused = first.refuse(ROUTE, "not these")
        until(lambda: any(e.message == "not these" for e in told(bare, SnapshotRejected)))
        newcomers = crowd.come(refused, refusing=lambda worker: worker != home)
        assert set(newcomers) == {1, 2}
        for client in newcomers.values():
            get(client, accepted)
        until(lambda: _states(bare) == ["last-accepted", "last-accepted", "refused"])

        # One that is started anew knows from the log what it has not seen.
        other = 3 - home
        before = pids(server)[other]
        os.kill(before, signal.SIGKILL)
        until(lambda: pids(server)[other] != before)
        again = crowd.come(refused, refusing=lambda worker: False)
        assert set(again) == {1, 2}
        for client in again.values():
            get(client, accepted)


def test_a_part_of_the_newest_configuration_is_no_acceptance_of_it(
    running: Running,
) -> None:
    """A new proxy falls back by the log, though the log was written while it had no routes yet."""
    bare, server = running.bare, running.server
    push(running, shares(50))
    with ExitStack() as stack:
        crowd = Crowd(server, stack)
        first = crowd.join()
        accepted = first.held[ROUTE]
        until(lambda: _states(bare) == ["in-sync"])
    until(lambda: not _states(bare))
    put(bare, sample_files(shares(60)), message="Refused")
    with ExitStack() as stack:
        came = stack.enter_context(RawClient(server.address, ENTRANCE))
        came.subscribe(CLUSTER)
        came.subscribe(LISTENER)
        time.sleep(1.5 * SETTLE_S)
        came.ask(ROUTE, *route_names())
        came.refuse(ROUTE, "not these")
        get(came, accepted)


def get(client: RawClient, routes: Held) -> None:
    """Receive until the client holds these; what was refused together comes in parts."""
    while client.receive(ROUTE) != routes:
        assert client.held[ROUTE].version == routes.version


def _states(bare: Path) -> list[str]:
    found = gitmesh("proxies", bare, "--json").json()["proxies"]
    return sorted(str(proxy["state"]) for proxy in found)


def _died(bare: Path) -> int:
    """Return how many proxies were cut off by the death of their worker."""
    return sum(event.reason == "the worker has died" for event in told(bare, ProxyDisconnected))


def test_the_parents_death_is_the_workers_end(server: Server) -> None:
    workers = list(pids(server).values())
    server.process.kill()
    server.process.wait()
    until(lambda: not any(alive(pid) for pid in workers))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_it_in_order(
    bare: Path, server: Server, number: signal.Signals
) -> None:
    workers = list(pids(server).values())
    with RawClient(server.address, ENTRANCE) as client:
        everything(client)
        if number is signal.SIGINT:  # Ctrl-C is for every process of a terminal.
            for pid in workers:
                os.kill(pid, number)
        assert server.stop(number) == 0
    assert not any(alive(pid) for pid in workers)
    assert [line["message"] for line in server.lines()][-2:] == ["stopping", "stopped"]
    assert len(told(bare, ProxyConnected)) == len(told(bare, ProxyDisconnected)) == 1


@pytest.mark.parametrize("options", [[], ["--workers", "1"]], ids=" ".join)
def test_nobody_else_gets_the_port_with_workers_or_without(
    bare: Path, running: Running, options: list[str]
) -> None:
    address = running.server.address
    refused = gitmesh("serve", bare, "--listen", address, *options)
    assert refused.code == 3
    assert f"cannot listen on {address}" in refused.err


def test_a_socket_file_cannot_be_shared(bare: Path, tmp_path: Path) -> None:
    refused = gitmesh("serve", bare, "--listen", f"unix:{tmp_path / 's'}", "--workers", "2")
    assert refused.code == 2
    assert "cannot share a socket file" in refused.err


def test_an_address_of_another_machine_is_refused_in_words(bare: Path) -> None:
    options = ("--listen", "192.0.2.1:18000", "--insecure-listen", "--workers", "1")
    refused = gitmesh("serve", bare, *options)
    assert refused.code == 3
    assert "cannot listen on 192.0.2.1:18000: Cannot assign requested address" in refused.err


def test_plain_text_beyond_this_machine_must_be_asked_for_with_workers_too(bare: Path) -> None:
    refused = gitmesh("serve", bare, "--listen", "0.0.0.0:0", "--workers", "2")
    assert refused.code == 2
    assert "plain text" in refused.err
