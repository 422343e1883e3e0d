"""docs/events.md describes the log file completely and correctly."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.documentation.examples import DELIVERY_EXAMPLES, MESH_EXAMPLES
from events.documentation.kind_docs import KINDS
from events.documentation.page import PROGRAM, example_rows, page
from events.encoding.bodies import BODIES, KIND_OF
from events.opening import open_for_writing
from events.store import EventStore
from events.types import Chain, Event
from mesh.canonical import Json
from tests.support.clock import Clock
from tests.support.logs import SHORT_HISTORY, SOME_DELIVERY, chain_rows, fill, unprotected

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
EXAMPLES: dict[str, Event] = {KIND_OF[type(e)]: e for e in (*MESH_EXAMPLES, *DELIVERY_EXAMPLES)}

OPAQUE = ("spec", "timings", "fields[].before", "fields[].after")
"""Fields whose insides are described elsewhere."""


def paths(value: Json, prefix: str = "") -> Iterator[str]:
    """Yield the path of each field, as the page names them."""
    if prefix in OPAQUE:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from paths(inner, path)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{prefix}[]")


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "run: python -m events.documentation.page > docs/events.md"


def test_every_kind_is_described_and_shown() -> None:
    assert KINDS.keys() == BODIES.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("kind", BODIES)
def test_every_field_of_the_data_is_described_and_nothing_else_is(kind: str) -> None:
    data = BODIES[kind].dump(EXAMPLES[kind])
    assert set(paths(data)) == set(KINDS[kind].fields)


def test_the_examples_are_what_a_log_would_hold(log: EventStore, path: Path) -> None:
    applied, rejected, rewritten = MESH_EXAMPLES[:5], MESH_EXAMPLES[5:6], MESH_EXAMPLES[6:]
    fill(log, [applied, rejected, rewritten], DELIVERY_EXAMPLES)
    found = chain_rows(path)
    assert [row[-1] for row in found[Chain.MESH]] == [row.hash for row in example_rows(Chain.MESH)]
    # Hashes of the delivery chain depend on when it happened.
    at = 6
    assert [row[1:at] for row in found[Chain.DELIVERY]] == [
        row[1:at] for row in example_rows(Chain.DELIVERY)
    ]
    assert log.verify() == []


def run_program(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the page's program in a Python that knows nothing of gitmesh."""
    command = [sys.executable, "-I", "-c", PROGRAM, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_program_on_the_page_checks_a_log(log: EventStore, path: Path, clock: Clock) -> None:
    assert PROGRAM in PAGE.read_text()
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    fill(log, [MESH_EXAMPLES])
    done = run_program(path)
    heads = [log.head(Chain.MESH), log.head(Chain.DELIVERY)]
    assert done.stdout.splitlines() == [
        f"mesh_events {heads[0].seq} {heads[0].hash}",
        f"delivery_events {heads[1].seq} {heads[1].hash}",
    ]
    assert done.returncode == 0


def test_the_program_on_the_page_finds_a_forgery(path: Path) -> None:
    log = open_for_writing(path)
    fill(log, SHORT_HISTORY, SOME_DELIVERY)
    log.close()
    with unprotected(path) as connection:
        connection.execute("UPDATE delivery_events SET at = '' WHERE seq = 3")
    done = run_program(path)
    assert "delivery_events: event 3 is not what was written" in done.stderr
    assert done.returncode == 1


def test_every_json_block_of_the_page_is_json() -> None:
    blocks = PAGE.read_text().split("```json\n")[1:]
    shown = [json.loads(block.split("```")[0]) for block in blocks]
    assert [each["kind"] for each in shown] == list(EXAMPLES)
