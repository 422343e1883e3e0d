"""The bench's load generator and limit server, beside our server: what it measures does happen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.frames import DATA, HEAD, MAX_FRAME, message
from bench.rivals import Rival, Rivals
from bench.script import ASKED
from xds.type_urls import ENDPOINT, ROUTE

STREAMS = 3


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rivals]:
    with Rivals(Path(tmp_path_factory.mktemp("bench")), callers=2, commits=20) as found:
        yield found


@pytest.fixture(params=["ours", "limit"])
def rival(rivals: Rivals, request: pytest.FixtureRequest) -> Iterator[Rival]:
    found = rivals.ours if request.param == "ours" else rivals.limit
    yield found
    found.leave()


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
def test_proxies_get_everything_and_then_each_change(
    rivals: Rivals, rival: Rival, *, delta: bool
) -> None:
    storm = rival.storm(STREAMS, rivals.parts, delta=delta)
    assert 0 < storm.p50 <= storm.last
    assert storm.bytes > 10_000
    assert rival.load.ask("quiet", for_s=0.05)["streams"] == STREAMS
    rivals.prepare(2)
    for _ in range(2):
        change = rival.fan_out(STREAMS, delta=delta)
        assert 0 < change.p50 <= change.last
        # The routes and no more.
        assert 5_000 < change.bytes < 9_000


def test_both_servers_send_the_same(rivals: Rivals) -> None:
    sent = []
    for rival in (rivals.ours, rivals.limit):
        rival.storm(1, rivals.parts[:1], delta=True, record=True)
        sent.append(rival.load.ask("versions", parts=1)["held"][0])
        rival.leave()
    ours, limit = sent
    assert set(ours) == set(limit) == set(ASKED)
    assert len(ours[ENDPOINT]) == 11
    # The mesh went on since the limit server was shown it: one route is another one by now.
    assert {t: v for t, v in ours.items() if t != ROUTE} == {
        t: v for t, v in limit.items() if t != ROUTE
    }


def test_a_change_concerns_every_node_that_uses_the_route(rivals: Rivals) -> None:
    rivals.ours.storm(4, rivals.parts, delta=True)
    rivals.prepare(1)
    rivals.ours.fan_out(4, delta=True)
    assert rivals.ours.server.ask("translations")["translations"] == 2
    rivals.ours.leave()


def test_streams_that_the_server_ends_are_told(rivals: Rivals) -> None:
    nobody = [{"node": "mesh/fleet/virtualNode", "names": {}}]
    with pytest.raises(RuntimeError, match="of 1 streams 1 lack something, 1 ended"):
        rivals.ours.storm(1, nobody, delta=True)


def test_long_messages_go_in_several_frames() -> None:
    data = bytes(range(256)) * 100
    frames, found = message(data), b""
    while frames:
        size = int.from_bytes(frames[:3], "big")
        assert size <= MAX_FRAME
        assert frames[3] == DATA
        found += frames[HEAD : HEAD + size]
        frames = frames[HEAD + size :]
    assert found == b"\0" + len(data).to_bytes(4, "big") + data
