"""One worker process, with a test as its parent."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.opening import open_for_reading
from events.types import CommitId, DeliveryEvent, ProxyConnected, ProxyState, Seq
from gitmesh.server.heartbeat import Heartbeat
from gitmesh.server.worker import LogReader
from gitmesh.server.worker_messages import (
    AllPassed,
    Hello,
    News,
    facts_line,
    hello_line,
    read_facts,
    read_hello,
    read_told,
    told_line,
)
from gitmesh.server.workers import Workers
from tests.support.ads_client import AdsClient
from tests.support.sample_shop import ENTRANCE, Shop
from xds.delivery.delivery_tracker import DeliveryTracker
from xds.delivery.recorder import Recorder
from xds.delivery.stream_facts import (
    Connected,
    Disconnected,
    Explained,
    Fact,
    FellBack,
    Finished,
    Offered,
    Passed,
    Refused,
    Released,
    Synced,
    Written,
)
from xds.reports.measured import Measured
from xds.server.discovery import AdsSettings
from xds.server.shared_port import reserved
from xds.type_urls import CLUSTER

NO_TIMES = {"moved_ns": None, "seen_ns": None, "planned_ns": None}


@contextmanager
def worker(hello: Hello) -> Iterator[tuple["subprocess.Popen[bytes]", socket.socket]]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "gitmesh.server.worker", str(theirs.fileno())]
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    theirs.close()
    try:
        with ours:
            ours.settimeout(30)
            ours.sendall(hello_line(hello))
            yield process, ours
        assert process.wait(30) == 0, "it ends in order when its parent is gone"
    finally:
        process.kill()
        process.wait()


def next_facts(lines: BinaryIO) -> list[Fact | Measured]:
    """Return the facts of the next line that has any; the others are beats."""
    while not (facts := read_facts(lines.readline())):
        pass
    return facts


def test_a_worker_with_nothing_to_tell_tells_that_it_is_alive(shop: Shop) -> None:
    with reserved("127.0.0.1:0") as (address, _):
        hello = Hello(1, shop.log, address, "warning", True, AdsSettings(share_port=True))
        with worker(hello) as (_, parent), parent.makefile("rb") as lines:
            assert [read_facts(lines.readline()) for _ in range(2)] == [[], []]


def test_a_worker_refuses_streams_until_it_knows_the_mesh_then_serves_and_tells(
    shop: Shop,
) -> None:
    async def ask_until_told(port: int) -> None:
        words = set[str]()
        async with asyncio.timeout(30):
            # gRPC says UNAVAILABLE too while nobody listens; the words are ours.
            while "the mesh is not known yet" not in words:
                async with AdsClient(port, ENTRANCE) as proxy:
                    code, said = await proxy.ending()
                    assert code == "UNAVAILABLE"
                    words.add(said)

    async def subscribe(port: int) -> str:
        async with AdsClient(port, ENTRANCE) as proxy:
            identifier = (await proxy.subscribe(CLUSTER)).control_plane
            assert identifier is not None
            return identifier.identifier

    with (
        reserved("127.0.0.1:0") as (address, port),
        open_for_reading(shop.log) as log,
    ):
        hello = Hello(1, shop.log, address, "warning", True, AdsSettings(share_port=True))
        with worker(hello) as (_, parent):
            asyncio.run(ask_until_told(port))
            seq = log.state().seq
            parent.sendall(told_line(News(seq, **NO_TIMES)))
            with parent.makefile("rb") as lines:
                [finished] = next_facts(lines)
                assert asyncio.run(subscribe(port)) == f"gitmesh/{shop.back}"
                [joined, *_] = next_facts(lines)
            assert isinstance(finished, Finished)
            assert finished.seq == seq
            assert isinstance(joined, Connected)
            assert joined.node == ENTRANCE


def test_a_worker_serves_what_is_published_and_nothing_that_is_only_logged(shop: Shop) -> None:
    with open_for_reading(shop.log) as log:
        ends = [log.seq_of_commit(c) for c in (shop.first, shop.shift, shop.back)]
        first, shift, back = (seq for seq in ends if seq is not None)
        reader = LogReader(log)
        at_first = reader.advance(News(first, **NO_TIMES))
        assert at_first.state == log.state(first)
        assert at_first.touched is None
        at_shift = reader.advance(News(shift, 1, 2, 3))
        assert at_shift.state == log.state(shift)
        assert at_shift.state.commit == shop.shift
        assert at_shift.since == first
        assert [key.name for key in at_shift.touched or ()] == ["all"]
        assert (at_shift.moved_ns, at_shift.seen_ns, at_shift.planned_ns) == (1, 2, 3)
        assert reader.advance(News(shift, **NO_TIMES)).state == log.state(shift)
        assert reader.advance(News(back, **NO_TIMES)).state == log.state(back)


numbers = st.integers(min_value=0, max_value=2**63)
texts = st.text(max_size=20)
many, commits = st.lists(texts, max_size=2).map(tuple), texts.map(CommitId)
facts = st.one_of(
    st.builds(
        Connected, numbers, texts, texts, texts, numbers, st.sampled_from(ProxyState), commits
    ),
    st.builds(Disconnected, numbers, texts, numbers),
    st.builds(Offered, numbers, texts, numbers.map(Seq)),
    st.builds(Written, numbers, numbers),
    st.builds(Synced, numbers, numbers),
    st.builds(Refused, numbers, texts, commits, texts, texts, texts, many, texts),
    st.builds(Explained, texts, texts, texts, many),
    st.builds(FellBack, numbers, numbers),
    st.builds(Finished, numbers.map(Seq), numbers),
    st.builds(Passed, numbers.map(Seq), numbers),
    st.builds(Released, numbers),
)


@given(st.lists(facts, max_size=20))
def test_facts_survive_the_way_to_the_parent_in_one_line(told: list[Fact]) -> None:
    line = facts_line(told)
    assert line.index(b"\n") == len(line) - 1
    assert read_facts(line) == told


@pytest.mark.parametrize("line", [b"", b"{", b"[[99]]", b"[[0]]", b"[1]", b"null"])
def test_what_is_no_fact_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_facts(line)


def test_a_worker_learns_all_it_must_know(shop: Shop) -> None:
    hello = Hello(3, shop.log, "[::1]:18000", "debug", False, AdsSettings(max_streams=7))
    assert read_hello(hello_line(hello)) == hello
    news = News(Seq(3), 1, None, 2)
    assert read_told(told_line(news)) == news
    passed = AllPassed(Seq(3), 1)
    assert read_told(told_line(passed)) == passed


@pytest.mark.parametrize("cut", [1, 5])
def test_a_line_that_a_killed_worker_did_not_finish_is_nobodys_mistake(
    cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[DeliveryEvent] = []

    class Telling(Recorder):
        def record(self, events: Iterable[DeliveryEvent]) -> None:
            told.extend(events)

    def hello(number: int) -> Hello:
        raise AssertionError("nobody is started")

    async def scenario() -> None:
        reader, workers = (
            asyncio.StreamReader(),
            Workers(1, hello, DeliveryTracker(Telling(lambda _: None))),
        )
        lines = [facts_line([Connected(number, "web", f"p{number}", "", 0)]) for number in (1, 2)]
        reader.feed_data(b"".join(lines)[:-cut])
        reader.feed_eof()
        await workers._hear(workers._workers[0], reader, 1, Heartbeat())

    asyncio.run(scenario())
    assert [event.proxy for event in told if isinstance(event, ProxyConnected)] == ["p1"]
    assert caplog.records == []
