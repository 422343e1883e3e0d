"""After a kill at any moment, the log has every acknowledged event once, and none in part."""

import os
import random
import signal
import time
from pathlib import Path

from events.opening import open_for_reading, open_for_writing
from events.state import MeshState
from events.types import Chain
from tests.support.appender import commit_of, nursery, state_after, transaction
from tests.support.logs import chain_rows, projection_rows

KILLS = 25
SHORT_LIFE_S, LONG_LIFE_S = 0.06, 4.0
CHANCE = random.Random(20261123)


def kill_soon(pid: int, within_s: float) -> None:
    """End a writer that this test started, some time from now."""
    time.sleep(CHANCE.uniform(0, within_s))
    os.kill(pid, signal.SIGKILL)


def whole_transactions(path: Path) -> int:
    """Return how many transactions the log holds; fail if it holds anything else."""
    found = [(row[0], row[4]) for row in chain_rows(path)[Chain.MESH]]
    expected: list[tuple[int, str]] = []
    number = 0
    while len(expected) < len(found):
        number += 1
        for _ in transaction(number):
            expected.append((len(expected) + 1, commit_of(number)))
    assert found == expected, "a gap, a repetition, or a transaction in part"
    return number


def check_whole(path: Path) -> int:
    """Check everything that is promised of a log after a crash; return its transactions."""
    log = open_for_writing(path)  # which the killed writer no longer prevents
    try:
        number = whole_transactions(path)
        assert log.state() == state_after(number)
        assert log.verify() == []
        incremental = projection_rows(path)
        log.rebuild()
        assert projection_rows(path) == incremental
        return number
    finally:
        log.close()


def too_idle(numbers: list[int]) -> bool:
    """Tell whether too few kills met a writer that had written: on a busy machine, few do."""
    return len(set(numbers)) <= KILLS / 4


def test_killing_the_writer_again_and_again_loses_nothing(path: Path) -> None:
    numbers: list[int] = []
    within_s = SHORT_LIFE_S
    with nursery() as writers:
        while len(numbers) < KILLS or (too_idle(numbers) and len(numbers) < 4 * KILLS):
            kill_soon(writers.start(path), within_s)
            acknowledged = writers.acknowledged()
            numbers.append(check_whole(path))
            # On a busy machine a writer needs longer to get anywhere.
            idle = len(numbers) > 1 and numbers[-1] == numbers[-2]
            within_s = min(2 * within_s, LONG_LIFE_S) if idle else SHORT_LIFE_S
            held = chain_rows(path)
            for chain, seq in acknowledged.items():
                assert len(held[chain]) in (seq, seq + len(transaction(numbers[-1])), seq + 1), (
                    "an acknowledged event is lost, or more is there than one append could add"
                )
    assert numbers == sorted(numbers)
    assert not too_idle(numbers), "most writers were killed before they wrote anything"


def test_killing_the_writer_while_it_makes_the_file_leaves_one_that_can_be_used(
    tmp_path: Path,
) -> None:
    with nursery() as writers:
        for attempt in range(12):
            path = tmp_path / f"{attempt}.sqlite3"
            kill_soon(writers.start(path), within_s=0.02)
            writers.acknowledged()
            number = check_whole(path)
            log = open_for_writing(path)
            log.append(Chain.MESH, transaction(number + 1), expected=log.head(Chain.MESH).seq)
            log.close()
            assert whole_transactions(path) == number + 1


def test_a_reader_sees_whole_transactions_while_another_process_writes(path: Path) -> None:
    open_for_writing(path).close()
    expected, seen = MeshState(), 0
    with nursery() as writers:
        pid = writers.start(path)
        reader = open_for_reading(path)
        try:
            deadline = time.monotonic() + 10
            while seen < 200 and time.monotonic() < deadline:
                state = reader.state()
                seen += state != expected
                expected = state_after(int(state.tip or "0", 16), expected)
                assert state == expected
            assert reader.verify() == []
        finally:
            os.kill(pid, signal.SIGKILL)
            writers.acknowledged()
            reader.close()
    assert seen > 3, "the reader saw no change"
