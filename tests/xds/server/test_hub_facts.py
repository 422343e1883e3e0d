"""The facts that a hub reports of its streams and publications, one after the other."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse

from events.deliveries import Refused as Refusal
from events.publication import Publication
from events.sqlite.past import SqlitePast
from events.sqlite.store import SqliteEventStore
from events.types import CommitId, ProxyState, Seq
from tests.support.ads_server import key
from tests.support.hub import PERMISSIVE, Town, answer, listening, run, settled
from tests.support.shop_xds import mesh
from xds.delivery.stream_facts import (
    Connected,
    Disconnected,
    Fact,
    Finished,
    Offered,
    Passed,
    Refused,
    Reports,
    Synced,
    Written,
)
from xds.protocol.session import Session
from xds.server.stream import Stream
from xds.type_urls import CLUSTER, LISTENER, ROUTE
from xds.wire.encode import encode

CART, WEB = str(key("cart")), str(key("web"))
NOW = 0


class Reported(Reports):
    """Keeps the facts. Their times are checked and then set to ``NOW``."""

    def __init__(self) -> None:
        self._facts: list[Fact | Publication] = []

    def begin(self, publication: Publication) -> None:
        self._facts.append(publication)

    def report(self, fact: Fact) -> None:
        at_ns = getattr(fact, "at_ns", None)
        if at_ns is not None:
            assert 0 <= time.time_ns() - at_ns < 10**9
            fact = fact._replace(at_ns=NOW)  # type: ignore[call-arg]
        self._facts.append(fact)

    async def passed(self, seq: Seq, wave: int) -> None:
        self._facts.append(Passed(seq, wave))

    def taken(self) -> list[Fact | Publication]:
        facts, self._facts = self._facts, []
        return facts


class Shop(Town):
    """A hub whose facts a test reads."""

    def __init__(self) -> None:
        self.reported = Reported()
        super().__init__(reports=self.reported)

    def taken(self) -> list[Fact | Publication]:
        return self.reported.taken()

    async def comes(self, name: str) -> tuple[Stream, list[bytes]]:
        """Let a proxy come and take what it is sent; forget the facts."""
        stream, sent = self.proxy(name)
        stream.receive(encode(DiscoveryRequest(type_url=LISTENER)))
        await settled()
        answer(stream, sent[:1])
        answer(stream, sent)
        assert stream.snapshot is not None
        names = [*stream.snapshot[ROUTE].by_name]
        stream.receive(encode(DiscoveryRequest(type_url=ROUTE, resource_names=names)))
        await settled()
        route = DiscoveryResponse.parse(sent[-1])
        stream.receive(
            encode(
                DiscoveryRequest(type_url=ROUTE, resource_names=names, response_nonce=route.nonce)
            )
        )
        assert stream.session.state.in_sync
        assert stream.complete
        self.taken()
        return stream, sent


def test_a_proxy_that_comes_takes_its_snapshot_and_leaves() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1"))
        shop.taken()
        stream, sent = shop.proxy("cart")
        await settled()
        number, commit = stream.number, CommitId(f"{1:040x}")
        came = Connected(number, CART, stream.name, "", NOW, ProxyState.BEHIND, commit)
        assert shop.taken() == [came, Written(number, NOW)]
        answer(stream, sent)
        assert shop.taken() == [Synced(number, NOW, complete=False)]
        shop.hub.disconnected(stream, "gone")
        shop.hub.disconnected(stream, "gone twice")
        assert shop.taken() == [Disconnected(number, "gone", NOW)]

    run(scenario)


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [("envoy", "1.36.2", "envoy 1.36.2"), ("envoy", "", "envoy"), ("", "1.36.2", "1.36.2")],
)
def test_a_proxy_without_a_mesh_is_held_and_says_what_it_is(
    name: str, version: str, words: str
) -> None:
    async def scenario() -> None:
        shop = Shop()

        async def write(data: bytes) -> None:
            raise AssertionError("there is nothing to write")

        stream = Stream(Session(), "test", write, shop.hub)
        node = Node(id=CART, user_agent_name=name, user_agent_version=version)
        stream.receive(encode(DiscoveryRequest(type_url=CLUSTER, node=node)))
        came = Connected(
            stream.number, CART, stream.name, words, NOW, ProxyState.HELD, CommitId("")
        )
        assert shop.taken() == [came]

    run(scenario)


def test_a_stream_that_never_named_its_node_was_never_there() -> None:
    async def scenario() -> None:
        shop = Shop()

        async def write(data: bytes) -> None:
            raise AssertionError("there is nothing to write")

        shop.hub.disconnected(Stream(Session(), "test", write, shop.hub), "gone")
        assert shop.taken() == []

    run(scenario)


def test_a_publication_begins_before_it_is_offered_and_ends_after() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1"), web=mesh("a=1"), zoo=mesh("a=1"))
        cart, _ = await shop.comes("cart")
        await shop.comes("web")
        publication = shop.mesh.commit(cart=mesh("b=1"))
        await shop.hub.publisher.publish(publication)
        assert shop.taken() == [
            publication,
            Offered(cart.number, CART, Seq(2)),
            Written(cart.number, NOW),
            Finished(Seq(2), NOW, 0),
        ]
        assert shop.hub.commit == publication.state.commit

    run(scenario)


def test_those_who_need_nothing_new_are_counted() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1"), web=mesh("a=1"), zoo=mesh("a=1"))
        for name in ("cart", "cart", "web", "none", "none", "none"):
            if name == "none":
                shop.proxy(name)
            else:
                await shop.comes(name)
        shop.taken()
        await shop.publish(cart=mesh("a=1"))
        assert shop.taken()[1:] == [Finished(Seq(2), NOW, 2)], "another spec, the same content"
        await shop.publish(web=None, cart=mesh("a=1"))
        assert shop.taken()[1:] == [Finished(Seq(3), NOW, 3)]

    run(scenario)


def test_a_state_without_a_commit_is_served_as_that_of_no_commit() -> None:
    async def scenario() -> None:
        shop = Shop()
        publication = shop.mesh.commit(cart=mesh("a=1"))
        state = replace(publication.state, commit=None)
        await shop.hub.publisher.publish(replace(publication, state=state))
        assert shop.hub.commit == ""
        assert shop.hub.publisher.ready

    run(scenario)


def test_each_wave_waits_for_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    longest_s = 0.6
    monkeypatch.setattr("xds.server.publisher.LONGEST_PAUSE_S", longest_s)

    async def scenario() -> None:
        shop = Shop()
        first = shop.mesh.commit(cart=mesh("a=1"), web=mesh("a=1"))
        await shop.hub.publisher.publish(listening(first, {}))
        (cart, sent), (web, _) = await shop.comes("cart"), await shop.comes("web")
        second = listening(shop.mesh.commit(cart=mesh("b=1"), web=mesh("b=1")), PERMISSIVE)
        began = time.monotonic()
        await shop.hub.publisher.publish(second)
        assert time.monotonic() - began >= longest_s, "cart does not answer"
        assert shop.taken() == [
            second,
            Offered(cart.number, CART, Seq(2)),
            Written(cart.number, NOW),
            Passed(Seq(2), 1),
            Offered(web.number, WEB, Seq(2)),
            Written(web.number, NOW),
            Finished(Seq(2), NOW, 0),
        ]
        assert sent

    run(scenario)


def test_what_is_written_to_one_that_is_in_sync_is_no_news() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1"))
        stream, _ = await shop.comes("cart")
        shop.hub.written(stream)
        shop.hub.synced(stream)
        assert shop.taken() == []

    run(scenario)


def test_an_answer_that_arrives_before_the_write_is_told_after_it() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1"))
        stream, _ = await shop.comes("cart")
        stream.behind = True
        shop.hub.written(stream)
        assert shop.taken() == [Written(stream.number, NOW), Synced(stream.number, NOW)]

    run(scenario)


def test_one_that_refused_is_told_to_be_in_sync_again() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1"))
        stream, sent = await shop.comes("cart")
        await shop.publish(cart=mesh("b=1"))
        shop.taken()
        answer(stream, sent, "no b")
        refused, *_ = shop.taken()
        assert isinstance(refused, Refused)
        assert (refused.stream, refused.commit) == (stream.number, CommitId(f"{2:040x}"))
        await shop.publish(cart=mesh("a=1"))
        if not stream.session.state.in_sync:
            answer(stream, sent)
        facts = [f for f in shop.taken() if isinstance(f, Offered | Synced)]
        assert facts == [Offered(stream.number, CART, Seq(3)), Synced(stream.number, NOW)]

    run(scenario)


def test_one_that_refuses_two_together_and_takes_each_is_in_sync() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1", "b=1"))
        stream, sent = shop.proxy("cart", delta=True)
        await settled()
        shop.taken()
        answer(stream, sent, "too much at once", delta=True)
        answer(stream, sent, delta=True)
        assert not any(isinstance(fact, Synced) for fact in shop.taken())
        answer(stream, sent, delta=True)
        assert shop.taken()[-1] == Synced(stream.number, NOW, complete=False)

    run(scenario)


def test_the_refusals_in_the_log_are_read_once_before_anybody_is_served(tmp_path: Path) -> None:
    class Counted(SqlitePast):
        reads = 0

        def refusals(self) -> Mapping[str, Refusal]:
            assert not shop.hub.publisher.ready
            self.reads += 1
            return super().refusals()

    with SqliteEventStore.open(tmp_path / "log.db") as log:
        past = Counted(log)
        shop = Town(past=past)

        async def scenario() -> None:
            await shop.publish(cart=mesh("a=1"))
            await shop.publish(cart=mesh("b=1"))

        run(scenario)
        assert past.reads == 1


def test_room_is_counted_for_those_who_are_there() -> None:
    async def scenario() -> None:
        shop = Shop()
        await shop.publish(cart=mesh("a=1"))
        one, _ = await shop.comes("cart")
        two, _ = await shop.comes("cart")
        assert (one.session.alike, two.session.alike) == (False, True)
        shop.hub.disconnected(one, "gone")
        await shop.publish(cart=mesh("b=1"))
        assert not two.session.alike
        assert shop.cache.current(two.identity) is two.snapshot
        shop.hub.disconnected(two, "gone")
        with pytest.raises(KeyError):
            shop.cache.current(two.identity)

    run(scenario)
