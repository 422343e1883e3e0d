"""The refusals of all clients: what is reported, who falls back, and from whom it is held back."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from events.types import CommitId, Seq
from mesh.canonical import JsonObject
from mesh.keys import ResourceKey
from tests.support.ads_server import TestMesh, key
from tests.support.shop_xds import static_cluster
from xds.delivery.stream_facts import Explained, FellBack, Refused
from xds.nodes import ProxyIdentity
from xds.protocol.response import Nack
from xds.refusals.refusal_tracker import RefusalTracker
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.resources import Pool
from xds.snapshots.snapshot import Snapshot, build_snapshot
from xds.type_urls import CLUSTER, LISTENER, TypeUrl
from xds.wire.decode import ErrorDetail

CART, WEB = ProxyIdentity(key("cart")), ProxyIdentity(key("web"))
COMMIT, LATER = CommitId("c" * 40), CommitId("d" * 40)


@dataclass(eq=False)
class FakeClient:
    """A client whose answers a test decides."""

    number: int
    identity: ProxyIdentity = CART
    aggregated: bool = True
    established: bool = False
    snapshot: Snapshot | None = None
    stuck_on: tuple[TypeUrl, ...] = ()
    sent: dict[TypeUrl, Snapshot] = field(default_factory=dict)
    offered: list[Snapshot] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"p#{self.number}"

    def sent_for(self, type_url: TypeUrl) -> Snapshot | None:
        return self.sent.get(type_url)

    def offer(self, snapshot: Snapshot) -> None:
        self.offered.append(snapshot)
        self.snapshot = snapshot


@dataclass(frozen=True)
class Known:
    snapshot: str
    at_s: float


class Log:
    """What the log says: that the mesh before the newest one was accepted, or refused."""

    def __init__(self, refused: Mapping[str, Known]) -> None:
        self._refused = refused

    def refusals(self) -> Mapping[str, Known]:
        return self._refused

    def accepted(self, node: str) -> Seq | None:
        return Seq(1)

    def before(self, now: Seq, most: int) -> list[Seq]:
        return []

    def way_back(self, now: Seq, before: Seq) -> Mapping[ResourceKey, JsonObject | None]:
        return {}

    def settings(self, at: Seq) -> JsonObject:
        return {}


class Shop:
    """A tracker, and snapshots that differ."""

    def __init__(self, past: Log | None = None) -> None:
        self.mesh = TestMesh()
        self.cache = SnapshotCache(self.mesh.translate)
        for _ in range(2):
            self.cache.absorb(self.mesh.commit(cart={CLUSTER: (static_cluster("recalled"),)}))
        self.told: list[Refused | FellBack | Explained] = []
        self.tracker = RefusalTracker[FakeClient](self.cache, self.told.append, past)
        self._pool = Pool()
        self.good, self.bad, self.mended = map(self.snapshot, ("good", "bad", "mended"))

    def snapshot(self, name: str) -> Snapshot:
        return build_snapshot(self._pool, {CLUSTER: (static_cluster(name),)})

    def comes(self, client: FakeClient, newest: Snapshot) -> FakeClient:
        client.snapshot = self.tracker.choose(client, newest)
        client.sent[CLUSTER] = client.snapshot
        return client

    def takes(self, client: FakeClient, *, complete: bool = True) -> list[tuple[int, Snapshot]]:
        released = self.tracker.synced(client, complete=complete)
        return [(each.number, snapshot) for each, snapshot in released]

    def offers(self, snapshot: Snapshot, *clients: FakeClient) -> list[bool]:
        """Publish; return which clients were out of step with the snapshot before."""
        found = []
        for client in clients:
            self.tracker.expect(client.identity, snapshot)
            found.append(self.tracker.offered_newest(client))
            client.snapshot = client.sent[CLUSTER] = snapshot
        return found

    def refuses(self, client: FakeClient, *, removal_only: bool = False) -> None:
        version = "" if client.snapshot is None else client.snapshot[CLUSTER].version
        nack = Nack(
            CLUSTER,
            version,
            ("first", "second"),
            ErrorDetail(3, " no second \n"),
            removal_only=removal_only,
        )
        self.tracker.refused(client, nack, COMMIT)

    def refusals(self) -> list[Refused]:
        return [each for each in self.told if isinstance(each, Refused)]

    async def explained(self, count: int) -> list[Explained]:
        """Wait until that many refusals are explained, and a moment longer."""
        for _ in range(1000):
            found = [each for each in self.told if isinstance(each, Explained)]
            if len(found) >= count:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        return [each for each in self.told if isinstance(each, Explained)]

    async def bad_is_refused(self) -> tuple[FakeClient, FakeClient]:
        """Return two that have the good snapshot and of which the first refuses the bad one."""
        first, second = (self.comes(FakeClient(each), self.good) for each in (1, 2))
        assert self.takes(first) == self.takes(second) == []
        self.offers(self.bad, first, second)
        first.established = second.established = True
        self.refuses(first)
        return first, second


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def body() -> None:
        await scenario()

    asyncio.run(body())


def test_a_refusal_is_reported_in_full(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        shop = Shop()
        client = shop.comes(FakeClient(7), shop.good)
        shop.refuses(client)
        version = shop.good[CLUSTER].version
        assert shop.told == [
            Refused(
                7,
                str(CART.key),
                COMMIT,
                CLUSTER,
                version,
                "no second",
                ("second",),
                shop.good.version,
            )
        ]
        explained = await shop.explained(1)
        assert explained == [Explained(str(CART.key), CLUSTER, version, (str(CART.key),))]

    with caplog.at_level(logging.DEBUG, "xds.refusals.refusal_tracker"):
        run(scenario)
    (line,) = caplog.records
    assert line.getMessage() == f"p#7 refuses {CLUSTER}: no second"
    assert vars(line)["commit"] == COMMIT


def test_one_content_is_explained_once_for_each_publication() -> None:
    async def scenario() -> None:
        shop = Shop()
        clients = [shop.comes(FakeClient(number), shop.good) for number in (1, 2)]
        for explained in (1, 2):
            for client in clients:
                shop.refuses(client)
            assert len(await shop.explained(explained)) == explained
            shop.tracker.begin()

    run(scenario)


def test_a_refused_removal_is_reported_and_holds_nothing_back() -> None:
    async def scenario() -> None:
        shop = Shop()
        old = shop.comes(FakeClient(1), shop.good)
        shop.takes(old)
        shop.offers(shop.bad, old)
        shop.refuses(old, removal_only=True)
        assert [each.snapshot for each in shop.refusals()] == [""]
        new = shop.comes(FakeClient(2), shop.bad)
        assert new.snapshot is shop.bad
        assert not shop.tracker.lacks(new, shop.bad)

    run(scenario)


def test_a_refusal_of_what_nobody_sent_is_reported_without_a_snapshot() -> None:
    async def scenario() -> None:
        shop = Shop()
        client = shop.comes(FakeClient(1), shop.good)
        client.sent.clear()
        shop.refuses(client)
        assert [each.snapshot for each in shop.refusals()] == [""]
        assert client.offered == []

    run(scenario)


def test_what_was_refused_is_held_back_from_those_who_come_until_somebody_takes_it() -> None:
    async def scenario() -> None:
        shop = Shop()
        _, second = await shop.bad_is_refused()
        third = shop.comes(FakeClient(3), shop.bad)
        assert third.snapshot is shop.good
        assert shop.tracker.lacks(third, shop.bad)
        assert not shop.tracker.lacks(third, shop.good)
        assert not shop.tracker.lacks(second, shop.bad)
        assert shop.takes(third) == [], "that is the good one"
        assert shop.takes(second, complete=False) == [], "it subscribes to almost nothing yet"
        assert shop.takes(second) == [(3, shop.bad)]
        assert shop.takes(second) == [], "once is enough"

    run(scenario)


def test_who_takes_one_type_alone_releases_nothing() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.bad_is_refused()
        shop.comes(FakeClient(3), shop.bad)
        apart = FakeClient(4, aggregated=False, snapshot=shop.bad)
        assert shop.takes(apart) == []
        assert shop.takes(FakeClient(5)) == [], "it has no snapshot"
        assert shop.takes(FakeClient(6, snapshot=shop.bad)) == [(3, shop.bad)]

    run(scenario)


def test_what_is_taken_is_released_to_its_own_identity_alone() -> None:
    async def scenario() -> None:
        shop = Shop()
        _, second = await shop.bad_is_refused()
        shop.comes(FakeClient(3), shop.bad)
        web = shop.comes(FakeClient(4, WEB), shop.good)
        shop.takes(web)
        shop.offers(shop.bad, web)
        web.established = True
        shop.refuses(web)
        other = shop.comes(FakeClient(5, WEB), shop.bad)
        assert other.snapshot is shop.good
        assert shop.takes(second) == [(3, shop.bad)]
        assert shop.takes(FakeClient(6, WEB, snapshot=shop.bad)) == [(5, shop.bad)]

    run(scenario)


def test_a_new_client_that_refuses_its_first_snapshot_falls_back() -> None:
    async def scenario() -> None:
        shop = Shop()
        first = shop.comes(FakeClient(1), shop.good)
        shop.takes(first)
        shop.offers(shop.bad, first)
        shop.takes(first)
        broken = shop.comes(FakeClient(2), shop.bad)
        assert broken.snapshot is shop.bad, "somebody took it"
        before_ns = time.time_ns()
        shop.refuses(broken)
        assert broken.offered == [shop.good]
        refused, fell = shop.told
        assert isinstance(refused, Refused)
        assert isinstance(fell, FellBack)
        assert fell.stream == 2
        assert before_ns <= fell.at_ns <= time.time_ns()
        assert shop.tracker.lacks(broken, shop.bad)
        shop.takes(broken)
        assert shop.tracker.lacks(broken, shop.bad), "what it took is the older one"
        assert shop.offers(shop.mended, first, broken) == [False, True]
        assert not shop.tracker.lacks(broken, shop.mended)
        assert shop.offers(shop.good, first, broken) == [False, False]

    run(scenario)


def test_who_refused_by_itself_is_not_offered_it_again_when_another_takes_it() -> None:
    async def scenario() -> None:
        shop = Shop()
        first = shop.comes(FakeClient(1), shop.good)
        shop.takes(first)
        shop.offers(shop.bad, first)
        broken = shop.comes(FakeClient(2), shop.bad)
        shop.refuses(broken)
        held = shop.comes(FakeClient(3), shop.bad)
        assert (broken.offered, held.snapshot) == ([shop.good], shop.good)
        assert shop.takes(first) == [(3, shop.bad)]

    run(scenario)


@pytest.mark.parametrize("why", ["it has something", "it is one type alone", "nothing is older"])
def test_others_do_not_fall_back(why: str) -> None:
    async def scenario() -> None:
        shop = Shop()
        newest = shop.good
        if why != "nothing is older":
            shop.takes(shop.comes(FakeClient(1), shop.good))
            newest = shop.bad
        client = FakeClient(2, established=why == "it has something")
        client.aggregated = why != "it is one type alone"
        shop.comes(client, newest)
        shop.refuses(client)
        assert client.offered == []
        assert len(shop.told) == 1
        assert not shop.tracker.lacks(client, newest)
        assert shop.offers(shop.mended, client) == [True], "it refused the one before"

    run(scenario)


def test_what_is_refused_still_is_reported_of_each_newer_commit_once() -> None:
    async def scenario() -> None:
        shop = Shop()
        client = shop.comes(FakeClient(1), shop.good)
        shop.refuses(client)
        shop.tracker.stuck(client, COMMIT)
        assert len(shop.refusals()) == 1, "of this one it is known"
        client.snapshot, client.stuck_on = shop.bad, (LISTENER, CLUSTER)
        for _ in range(2):
            shop.tracker.stuck(client, LATER)
        first, second = shop.refusals()
        assert second == first._replace(
            commit=LATER, version=shop.bad[CLUSTER].version, snapshot=shop.bad.version
        )

    run(scenario)


@pytest.mark.parametrize("how", ["never", "taken", "gone", "without a snapshot"])
def test_who_refuses_nothing_is_not_reported_to_be_stuck(how: str) -> None:
    async def scenario() -> None:
        shop = Shop()
        client = shop.comes(FakeClient(1), shop.good)
        if how != "never":
            shop.refuses(client)
        if how == "taken":
            shop.takes(client)
        if how == "gone":
            shop.tracker.disconnected(client, last=False)
        shop.told.clear()
        client.snapshot = None if how == "without a snapshot" else shop.bad
        client.stuck_on = (CLUSTER,)
        shop.tracker.stuck(client, LATER)
        assert shop.refusals() == []
        assert shop.offers(shop.mended, client) == [how == "without a snapshot"]

    run(scenario)


def test_who_is_gone_is_released_nothing() -> None:
    async def scenario() -> None:
        shop = Shop()
        _, second = await shop.bad_is_refused()
        third = shop.comes(FakeClient(3), shop.bad)
        shop.tracker.disconnected(third, last=False)
        assert not shop.tracker.lacks(third, shop.bad)
        assert shop.takes(second) == []

    run(scenario)


@pytest.mark.parametrize("last", [True, False])
def test_what_an_identity_accepted_is_forgotten_with_its_last_client(last: bool) -> None:
    async def scenario() -> None:
        shop = Shop()
        client = shop.comes(FakeClient(1), shop.good)
        shop.takes(client)
        shop.tracker.disconnected(client, last=last)
        shop.offers(shop.bad, broken := shop.comes(FakeClient(2), shop.bad))
        shop.refuses(broken)
        assert broken.offered == ([] if last else [shop.good])

    run(scenario)


def test_what_the_log_knows_to_be_refused_is_held_back_after_a_start() -> None:
    async def scenario() -> None:
        known = Known(Shop().bad.version, time.time() - 5)
        shop = Shop(Log({str(CART.key): known}))
        before = FakeClient(1)
        assert shop.tracker.choose(before, shop.bad) is shop.bad, "the log is not read yet"
        shop.tracker.disconnected(before, last=True)
        await shop.tracker.load()
        chosen = shop.tracker.choose(FakeClient(2), shop.bad)
        assert list(chosen[CLUSTER].by_name) == ["recalled"]

    run(scenario)
