"""The hub without a transport: proxies do not affect each other."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import (
    DiscoveryRequest,
    DiscoveryResponse,
)
from envoy_data_plane.google.rpc import Status

from events.latest import Latest
from events.publication import Publication
from events.types import Seq, SnapshotPublished, SnapshotRejected
from tests.support.ads_server import key
from tests.support.hub import PERMISSIVE, Town, answer, listening, names_of, run, served, settled
from tests.support.shop_xds import mesh
from xds.delivery.delivery_tracker import DeliveryTracker
from xds.nodes import ProxyIdentity
from xds.protocol.session import Session
from xds.protocol.shared_session import SharedStates
from xds.server.discovery import _follow
from xds.server.hub import Hub
from xds.server.publisher import LEAST_PAUSE_S
from xds.server.stream import Stream
from xds.snapshots.cache import SnapshotCache
from xds.snapshots.snapshot import Snapshot
from xds.type_urls import CLUSTER, ENDPOINT
from xds.wire.encode import encode


def test_a_proxy_that_leaves_while_others_are_offered_theirs_is_nobodys_trouble(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        town = Town()
        await town.publish(cart=mesh("a=1"), web=mesh("a=1"), zoo=mesh("a=1"))
        _, (web, _), _ = [town.proxy(name) for name in ("cart", "web", "zoo")]
        await settled()
        town.meanwhile["cart"] = lambda: town.hub.disconnected(web, "closed by the proxy")
        await town.publish(cart=mesh("b=1"), web=mesh("b=1"), zoo=mesh("b=1"))
        assert town.meanwhile == {}
        published = [e for e in town.events.told if isinstance(e, SnapshotPublished)][-1]
        assert published.nodes == (str(key("cart")), str(key("zoo")))

    run(scenario)
    assert caplog.records == []


@pytest.mark.parametrize("known", [True, False], ids=["of a known node", "of a new node"])
def test_who_comes_while_others_have_to_be_told_first_waits_for_its_turn(known: bool) -> None:
    async def scenario() -> None:
        town = Town()
        first = town.mesh.commit(cart=mesh("a=1"), web=mesh("a=1"))
        await town.hub.publisher.publish(listening(first, {}))
        town.proxy("cart")
        town.proxy("web")
        second = town.mesh.commit(cart=mesh("b=1"), web=mesh("b=1"), new=mesh("b=1"))
        telling = asyncio.create_task(town.hub.publisher.publish(listening(second, PERMISSIVE)))
        await asyncio.sleep(LEAST_PAUSE_S / 3)
        assert not telling.done()
        late, sent = town.proxy("web" if known else "new")
        await settled()
        assert [names_of(data) for data in sent] == ([["a"]] if known else [])
        town.hub.disconnected(town.proxy("web")[0], "gone again")
        await telling
        await settled()
        assert list(served(late)) == ["b"]
        assert known or [names_of(data) for data in sent] == [["b"]]

    run(scenario)


def test_a_proxy_that_comes_before_any_mesh_is_known_gets_the_first_one() -> None:
    async def scenario() -> None:
        town = Town()
        early, sent = town.proxy("cart")
        await settled()
        assert (town.hub.publisher.ready, town.hub.commit, early.snapshot, sent) == (
            False,
            "",
            None,
            [],
        )
        await town.publish(cart=mesh("a=1"))
        assert town.hub.publisher.ready
        assert [names_of(data) for data in sent] == [["a"]]

    run(scenario)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at every turn who has answered, and wait for ever for who has not."""
    monkeypatch.setattr("xds.server.publisher.LEAST_PAUSE_S", 0.0)
    monkeypatch.setattr("xds.server.publisher.LONGEST_PAUSE_S", float("inf"))
    monkeypatch.setattr("xds.server.publisher._LOOK_S", 0.0)


@pytest.mark.usefixtures("patient")
def test_nobody_waits_for_who_refuses_what_it_is_to_be_told_first() -> None:
    async def scenario() -> None:
        town = Town()
        await town.hub.publisher.publish(
            listening(town.mesh.commit(cart=mesh("a=1"), web=mesh("a=1")), {})
        )
        (refuser, sent), (other, other_sent) = town.proxy("cart"), town.proxy("cart")
        web, _ = town.proxy("web")
        answer(refuser, sent)
        answer(other, other_sent)
        second = town.mesh.commit(cart=mesh("b=1"), web=mesh("b=1"))
        telling = asyncio.create_task(town.hub.publisher.publish(listening(second, PERMISSIVE)))
        await settled()
        answer(refuser, sent, "no")
        await settled()
        assert list(served(web)) == ["a"], "one has not answered"
        answer(other, other_sent)
        async with asyncio.timeout(10):
            await telling
        assert list(served(web)) == ["b"]

    run(scenario)


@pytest.mark.usefixtures("patient")
def test_who_refuses_one_of_many_is_waited_for_until_it_has_the_others() -> None:
    async def scenario() -> None:
        town = Town()
        await town.hub.publisher.publish(
            listening(town.mesh.commit(cart=mesh("a=1"), web=mesh("a=1")), {})
        )
        cart, sent = town.proxy("cart", delta=True)
        web, _ = town.proxy("web")
        answer(cart, sent, delta=True)
        second = town.mesh.commit(cart=mesh("b=1", "c=1"), web=mesh("b=1"))
        telling = asyncio.create_task(town.hub.publisher.publish(listening(second, PERMISSIVE)))
        await settled()
        answer(cart, sent, "one of both is bad", delta=True)
        answer(cart, sent, "it is not c", delta=True)
        await settled()
        assert list(served(web)) == ["a"], "it has not said what it makes of c"
        answer(cart, sent, delta=True)
        async with asyncio.timeout(10):
            await telling
        assert list(served(web)) == ["b"]

    run(scenario)


def test_one_that_ends_at_the_moment_a_response_is_written_takes_nothing_from_its_like() -> None:
    async def scenario() -> None:
        town = Town()
        await town.publish(cart=mesh("a=1"))
        town.proxy("cart")
        turn, shared_states = asyncio.Event(), SharedStates()
        types: list[list[str]] = [[], []]
        streams = []
        for seen in types:

            async def write(data: bytes, seen: list[str] = seen) -> None:
                await turn.wait()
                seen.append(DiscoveryResponse.parse(data).type_url)

            stream = Stream(Session(shared_states=shared_states), "test", write, town.hub)
            node = Node(id=str(key("cart")))
            stream.receive(encode(DiscoveryRequest(type_url=CLUSTER, node=node)))
            stream.receive(encode(DiscoveryRequest(type_url=ENDPOINT, resource_names=["a"])))
            streams.append(stream)
        await settled()
        turn.set()
        streams[0].close()
        town.hub.disconnected(streams[0], "closed")
        await settled()
        assert types == [[CLUSTER], [CLUSTER, ENDPOINT]]

    run(scenario)


def test_one_proxy_that_cannot_be_resolved_or_offered_is_logged_and_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(SnapshotCache):
        broken = False

        def resolve(self, identity: ProxyIdentity) -> Snapshot | None:
            if self.broken and identity.key == key("cart"):
                raise RuntimeError("no snapshot")
            return super().resolve(identity)

    class Stuck(Stream):
        def aim(self, snapshot: Snapshot) -> bool:
            if self.snapshot is not None:
                raise RuntimeError("no offer")
            return super().aim(snapshot)

    async def scenario() -> None:
        town = Town(Failing)
        await town.publish(cart=mesh("a=1"), web=mesh("a=1"), zoo=mesh("a=1"))
        town.proxy("cart")
        town.proxy("web", Stuck)
        others = [town.proxy("web"), town.proxy("zoo")]
        await settled()
        Failing.broken = True
        await town.publish(cart=mesh("b=1"), web=mesh("b=1"), zoo=mesh("b=1"))
        published = [e for e in town.events.told if isinstance(e, SnapshotPublished)][-1]
        assert published.proxies == len(others)

    run(scenario)
    told = [(r.getMessage(), r.exc_info is not None) for r in caplog.records]
    assert (
        f"cannot build the snapshot of {key('cart')}; its proxies keep their configuration",
        True,
    ) in told
    assert [text for text, traced in told if text.startswith(f"cannot offer {key('web')}")]
    assert len(told) == 2


def test_what_a_failed_publication_did_not_bring_the_next_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("our mistake")

    def publication(town: Town, *changed: str) -> Publication:
        """Return a commit that changes nodes, and tells of these alone, as the reconciler does."""
        made = town.mesh.commit(**{name: mesh("b=1") for name in changed})
        return replace(
            made,
            since=Seq(made.state.seq - 1),
            touched=frozenset(key(name) for name in changed),
        )

    async def scenario(broken: str) -> None:
        town = Town()
        await town.publish(cart=mesh("a=1"), web=mesh("a=1"), zoo=mesh("a=1"))
        streams = {name: town.proxy(name)[0] for name in ("cart", "web", "zoo")}
        await settled()
        with monkeypatch.context() as patch:
            patch.setattr(broken, fail)
            with pytest.raises(RuntimeError, match="our mistake"):
                await town.hub.publisher.publish(publication(town, "cart"))
        await town.hub.publisher.publish(publication(town, "web"))
        await settled()
        has = {name: list(served(stream)) for name, stream in streams.items()}
        assert has == {"cart": ["b"], "web": ["b"], "zoo": ["a"]}

    for broken in ("xds.snapshots.cache.relink", "xds.server.publisher.waves"):
        run(partial(scenario, broken))


def test_a_pin_that_switches_tls_on_has_an_order_too_whoever_is_connected_here() -> None:
    class Counted(DeliveryTracker):
        waves = 0

        async def passed(self, seq: Seq, wave: int) -> None:
            self.waves += 1

    async def scenario() -> None:
        town = Town()
        tracker = Counted(town.events)
        hub = Hub(town.cache, tracker)
        await hub.publisher.publish(listening(town.mesh.commit(cart=mesh("a=1")), {}))
        pin = listening(town.mesh.commit(), PERMISSIVE)
        assert pin.touched is None
        await hub.publisher.publish(pin)
        # Proxies of the node may be connected to another server, which waits for this one.
        assert tracker.waves == 1

    run(scenario)


def test_commits_behind_one_that_has_an_order_wait_for_a_bounded_time_and_the_latest_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    longest = 1.0
    monkeypatch.setattr("xds.server.publisher.LONGEST_PAUSE_S", longest)

    async def scenario() -> None:
        town, latest = Town(), Latest[Publication]()
        following = asyncio.create_task(_follow(latest, town.hub, lambda: None))
        latest.set(listening(town.mesh.commit(cart=mesh("a=1"), web=mesh("a=1")), {}))
        await settled_when(lambda: town.hub.publisher.ready)
        town.proxy("cart")  # It never answers, and what it must have first it never has.
        web, _ = town.proxy("web")
        latest.set(listening(town.mesh.commit(cart=mesh("b=1"), web=mesh("b=1")), PERMISSIVE))
        await asyncio.sleep(LEAST_PAUSE_S / 3)
        town.mesh.translated.clear()
        for number in range(20):
            shown = mesh(f"burst-{number}=1")
            newest = listening(town.mesh.commit(cart=shown, web=shown), PERMISSIVE)
            latest.set(newest)
        began = asyncio.get_running_loop().time()
        await settled_when(lambda: town.hub.commit == newest.state.commit)
        await settled()
        assert asyncio.get_running_loop().time() - began < longest + 0.5
        assert list(served(web)) == ["burst-19"]
        assert town.mesh.translated.count("web") == len(["the one with an order", "the newest"])
        following.cancel()

    run(scenario)


async def settled_when(true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def test_a_turn_that_never_comes_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        town = Town()
        await town.hub.publisher.publish(
            listening(town.mesh.commit(cart=mesh("a=1"), web=mesh("a=1")), {})
        )
        town.proxy("cart")
        town.proxy("web")

        async def fail(*_: object) -> None:
            raise RuntimeError("our mistake")

        second = town.mesh.commit(cart=mesh("b=1"), web=mesh("b=1"), new=mesh("b=1"))
        with monkeypatch.context() as patch:
            patch.setattr(town.hub.publisher, "_await_answers", fail)
            with pytest.raises(RuntimeError, match="our mistake"):
                await town.hub.publisher.publish(listening(second, PERMISSIVE))
        assert list(served(town.proxy("new")[0])) == ["b"]

    run(scenario)


def test_one_that_left_while_it_waited_for_a_turn_that_never_came_is_owed_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        town = Town()
        nodes = {name: mesh("a=1") for name in ("cart", "web", "zoo")}
        await town.hub.publisher.publish(listening(town.mesh.commit(**nodes), {}))
        town.proxy("cart")
        town.proxy("web")

        async def fail(*_: object) -> None:
            waiting = town.proxy("zoo")[0]
            town.hub.disconnected(waiting, "gone")
            raise RuntimeError("our mistake")

        second = town.mesh.commit(cart=mesh("b=1"), web=mesh("b=1"))
        with monkeypatch.context() as patch:
            patch.setattr(town.hub.publisher, "_await_answers", fail)
            with pytest.raises(RuntimeError, match="our mistake"):
                await town.hub.publisher.publish(listening(second, PERMISSIVE))
        again, _ = town.proxy("zoo")
        assert list(served(again)) == ["a"]
        assert not town.hub.publisher.owes(again), "it has the newest"

    run(scenario)


def test_proxies_of_a_removed_node_are_told_of_once_with_their_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        town = Town()
        await town.publish(cart=mesh("a=1"), web=mesh("a=1"))
        for name in ("cart", "cart", "web", "never"):
            town.proxy(name)
        await town.publish(cart=None)
        await town.publish(web=mesh("b=1"))
        await town.publish(web=None)

    run(scenario)
    lines = [(r.levelno, r.getMessage(), vars(r).get("node")) for r in caplog.records]
    assert lines == [
        (logging.WARNING, "2 proxies of a removed node keep what they had", str(key("cart"))),
        (logging.WARNING, "1 proxy of a removed node keeps what it had", str(key("web"))),
    ]


@pytest.mark.parametrize("delta", [False, True])
def test_a_commit_that_leaves_as_it_is_what_was_refused_is_refused_too(delta: bool) -> None:
    async def scenario() -> None:
        town = Town()
        await town.publish(cart=mesh("a=1"))
        stream, sent = town.proxy("cart", delta=delta)
        answer(stream, sent, delta=delta)
        await town.publish(cart=mesh("b=1"))
        answer(stream, sent, "no b", delta=delta)
        await refusals(town, 1)
        # Other routes alone: they wait, and what was refused is not sent again.
        responses = len(sent)
        await town.publish(cart=mesh("b=2"))
        await town.publish(web=mesh("a=1"))
        await refusals(town, 2)
        assert len(sent) == responses
        told = [(e.commit, e.message) for e in town.events.told if isinstance(e, SnapshotRejected)]
        assert told == [(f"{number:040x}", "no b") for number in (2, 3)]
        await town.publish(cart=mesh("a=1"))
        if not stream.session.state.in_sync:
            answer(stream, sent, delta=delta)
        assert stream.session.state.in_sync
        published = [e for e in town.events.told if isinstance(e, SnapshotPublished)][-1]
        assert published.proxies == 1, "it is told of, though it may have had nothing to send"
        assert len(await refusals(town, 2)) == 2

    run(scenario)


async def refusals(town: Town, count: int) -> list[SnapshotRejected]:
    """Wait until that many refusals are told."""
    async with asyncio.timeout(10):
        while True:
            found = [e for e in town.events.told if isinstance(e, SnapshotRejected)]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)


def test_a_refusal_is_an_event_and_no_second_warning(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        town = Town()
        await town.publish(cart=mesh("a=1"))
        stream, sent = town.proxy("cart")
        await settled()
        response = DiscoveryResponse.parse(sent[-1])
        words = Status(code=3, message="no " * 5000)
        nonce = response.nonce
        stream.receive(
            encode(DiscoveryRequest(type_url=CLUSTER, response_nonce=nonce, error_detail=words))
        )
        for _ in range(1000):
            if any(isinstance(e, SnapshotRejected) for e in town.events.told):
                break
            await asyncio.sleep(0.01)
        refusal = [e for e in town.events.told if isinstance(e, SnapshotRejected)]
        assert [len(e.message) for e in refusal] == [1000]

    with caplog.at_level(logging.DEBUG):
        run(scenario)
    levels = {r.levelno for r in caplog.records if r.name == "xds.refusals.refusal_tracker"}
    assert levels == {logging.DEBUG}
