"""Events as they come: resumed after a position, bounded, and cut off for slow readers."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from events.opening import open_for_reading
from events.types import Chain
from gitmesh.access.permission import READ_ALL
from gitmesh.client.server_api import PREFIX, ServerApi
from gitmesh.json_api.event_feed import Feed, Position
from gitmesh.json_api.event_stream import MOST_OF_CALLER, EventStream
from gitmesh.queries.log_location import log_path
from gitmesh.service.history.log_tail import LogTail
from tests.api.conftest import Served, serve
from tests.json_api.conftest import PART, Ask, endpoint

STREAM = {"accept": "text/event-stream"}


def mesh(number: int) -> dict[str, Any]:
    kind = "ALLOW_ALL" if number % 2 else "DROP_ALL"
    return {"kind": "Mesh", "meshName": "other", "spec": {"egressFilter": {"type": kind}}}


def test_a_stream_goes_on_after_the_last_event(api: ServerApi, ask: Ask) -> None:
    start = api.get("/events", {"chain": "mesh"})["next"]
    for number in range(4):
        api.post("/changes", {"apply": [mesh(number)]})
    wanted = {"chain": "mesh", "kind": "ResourceChanged"}
    whole = list(islice(ask("AKIDWRITER").events(wanted, start), 4))
    assert [each.event["subject"] for each in whole] == ["mesh/other"] * 4
    resumed = list(islice(ask("AKIDWRITER").events(wanted, whole[1].id), 2))
    assert resumed == whole[2:]
    both = list(islice(ask("AKIDWRITER").events({}, f"{start}.0"), 3))
    assert [each.id.count(".") for each in both] == [1, 1, 1]


def test_an_event_comes_when_it_is_recorded(api: ServerApi, ask: Ask) -> None:
    start = api.get("/events", {"chain": "mesh"})["next"]
    came: list[str] = []

    def read() -> None:
        query = {"chain": "mesh", "kind": "ResourceChanged", "resource": "mesh/other"}
        came.extend(each.event["kind"] for each in islice(ask(PART).events(query, start), 1))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    time.sleep(1)
    assert came == []
    api.post("/changes", {"apply": [mesh(0), {**mesh(0), "meshName": "third"}]})
    thread.join(10)
    assert came == ["ResourceChanged"]


def test_one_caller_has_a_bounded_number_of_streams(served: Served) -> None:
    there = [endpoint(served.url) for _ in range(MOST_OF_CALLER + 1)]
    answers = [each.open("GET", f"{PREFIX}/events", "", STREAM, 10) for each in there]
    try:
        statuses = [each.status for each in answers]
        assert statuses.count(200) <= MOST_OF_CALLER
        assert statuses[-1] == 429
    finally:
        for each in there:
            each.__exit__()


def test_a_reader_who_does_not_read_is_cut_off(
    api: ServerApi, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmesh.json_api.event_stream.SENT_WITHIN_S", 0.2)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) > 1:
            await asyncio.Event().wait()  # the buffers are full

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def stream() -> None:
        with ThreadPoolExecutor(1) as threads, open_for_reading(log_path(served.bare)) as log:
            feed = Feed((Chain.MESH,), frozenset(), None, READ_ALL)
            tail = LogTail(log, threads)
            at = Position.parse("0", feed.chains)
            await EventStream(tail, threads, log, feed, at)({}, receive, send)

    started = time.monotonic()
    asyncio.run(stream())
    assert time.monotonic() - started < 5
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert api.get("/state")["commit"]


def test_open_streams_do_not_hold_up_the_end_of_the_server(tmp_path: Path) -> None:
    other = serve(tmp_path)
    with other.server, endpoint(other.url) as there:
        answer = there.open("GET", f"{PREFIX}/events", "", STREAM, 20)
        assert answer.readline() == b"retry: 1000\n"
        started = time.monotonic()
        assert other.server.stop() == 0
        assert time.monotonic() - started < 4.5, "uvicorn alone would wait for 5 s"
        answer.read()
        answer.close()
