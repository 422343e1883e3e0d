"""Free memory of a process, and a log that does not fit into it."""

import subprocess
import sys
from pathlib import Path

import pytest

from events.memory import RESERVE_BYTES, require_memory, require_reserve
from events.opening import open_for_writing
from events.store import LogOutOfMemory, LogUnavailable
from events.types import Chain, SourceDegraded
from tests.support.memory import little_memory

MEGABYTE = 1024 * 1024


def test_memory_is_required_as_the_system_would_give_it() -> None:
    require_memory(64 * MEGABYTE)
    with little_memory(32):
        require_memory(24 * MEGABYTE)
        with pytest.raises(MemoryError):
            require_memory(40 * MEGABYTE)


def test_a_reserve_is_kept() -> None:
    with little_memory(RESERVE_BYTES // MEGABYTE + 8):
        require_reserve()
        require_reserve(4 * MEGABYTE)
        with pytest.raises(MemoryError):
            require_reserve(12 * MEGABYTE)
    with little_memory(RESERVE_BYTES // MEGABYTE - 2), pytest.raises(MemoryError):
        require_reserve()


def test_to_ask_for_memory_takes_none() -> None:
    with little_memory(2 * RESERVE_BYTES // MEGABYTE):
        for _ in range(1_000):
            require_reserve()


# SQLite's own limit is one of the process, and can be lowered only.
SHORT = """
import sys
from dataclasses import replace
from pathlib import Path
from events.documentation.examples import MESH_EXAMPLES
from events.sqlite.store import SqliteEventStore
from events.store import LogOutOfMemory
from events.types import Chain, CommitApplied, SourceDegraded
log = SqliteEventStore.open(Path(sys.argv[1]))
applied = next(event for event in MESH_EXAMPLES if isinstance(event, CommitApplied))
facts = replace(applied.facts, message="x" * 3_000_000)
log.append(Chain.MESH, [replace(applied, facts=facts)], expected=0)
log.append_observed([SourceDegraded("before", "x")])
log.close()
log = SqliteEventStore.open(Path(sys.argv[1]))
log._db.execute("PRAGMA hard_heap_limit = 2500000").fetchall()
large = [SourceDegraded("too-much", "x" * 3_000_000)]
try:
    {what}
except LogOutOfMemory as error:
    print(error.message, log._db.in_transaction)
"""


@pytest.mark.parametrize(
    "what",
    [
        "log.append_observed(large)",
        "log.append(Chain.DELIVERY, large, expected=log.head(Chain.DELIVERY).seq)",
        "log.state()",
        "list(log.read(Chain.MESH))",
    ],
)
def test_a_log_without_memory_says_so_and_loses_nothing(tmp_path: Path, what: str) -> None:
    path = tmp_path / "events.sqlite3"
    done = subprocess.run(
        [sys.executable, "-c", SHORT.format(what=what), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{path}: there is not enough memory to use the event log False\n"
    log = open_for_writing(path)
    try:
        assert log.verify() == []
        log.append_observed([SourceDegraded("after", "x")])
        subjects = [record.subject for record in log.read(Chain.DELIVERY)]
        assert [each for each in subjects if each in ("before", "too-much", "after")] == [
            "before",
            "after",
        ]
    finally:
        log.close()


def test_a_log_without_memory_may_be_tried_again_later() -> None:
    assert issubclass(LogOutOfMemory, LogUnavailable)
