"""A signature that came before is known: for ten minutes, after a restart, in bounded memory."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest

from events.opening import open_for_writing
from events.types import Chain, CommitApplied, ResourceRemoved
from gitmesh.access import recent_signatures
from gitmesh.access.caller import Signed
from gitmesh.access.recent_signatures import (
    AGAIN_WITHIN,
    KEPT,
    TRAILER,
    RecentSignatures,
    digest_of_signature,
)
from tests.support.clock import Clock
from tests.support.histories import facts
from tests.support.logs import SHORT_HISTORY, fill

ONE, OTHER = digest_of_signature("a" * 64), digest_of_signature("b" * 64)
LATER = AGAIN_WITHIN + timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_signature_may_come_again_for_a_moment(tmp_path: Path, clock: Clock) -> None:
    with open_for_writing(tmp_path / "log", now=clock) as log:
        known, now = RecentSignatures(log), clock()
        assert not known.is_used_up("key", Signed(ONE, now))
        known.note("key", Signed(ONE, now))
        assert not known.is_used_up("key", Signed(ONE, now + AGAIN_WITHIN))
        known.note("key", Signed(ONE, now + AGAIN_WITHIN))
        assert known.is_used_up("key", Signed(ONE, now + LATER))
        assert not known.is_used_up("key", Signed(OTHER, now + LATER))
        assert not known.is_used_up("key", Signed(ONE, now)), "however late it is looked up"
        known.note("key", Signed(OTHER, now + KEPT + LATER))  # the other one is no longer valid
        assert not known.is_used_up("key", Signed(ONE, now + KEPT + LATER))


def test_the_oldest_of_a_caller_are_forgotten_if_there_are_too_many(
    tmp_path: Path, clock: Clock
) -> None:
    with open_for_writing(tmp_path / "log", now=clock) as log:
        known, now = RecentSignatures(log), clock()
        known.note("quiet", Signed(OTHER, now))
        with mock.patch.object(recent_signatures, "MOST_KEPT", 3):
            for number in range(4):
                known.note("busy", Signed(str(number), now))
        used = [known.is_used_up("busy", Signed(str(number), now + LATER)) for number in range(4)]
        assert used == [False, True, True, True]
        assert known.is_used_up("quiet", Signed(OTHER, now + LATER))


@pytest.mark.parametrize(("age", "is_known"), [(LATER, True), (KEPT + LATER, False)])
def test_those_of_commits_are_known_after_a_restart(
    tmp_path: Path, clock: Clock, age: timedelta, is_known: bool
) -> None:
    signed = replace(facts(4), trailers=((TRAILER, ONE),))
    with open_for_writing(tmp_path / "log", now=clock) as log:
        fill(log, SHORT_HISTORY)
        removed = ResourceRemoved(SHORT_HISTORY[0][2].key, signed.commit)  # type: ignore[union-attr]
        head = log.head(Chain.MESH).seq
        log.append(Chain.MESH, [CommitApplied(signed, None, 1), removed], expected=head)
        assert RecentSignatures(log).is_used_up("key", Signed(ONE, clock() + age)) is is_known
        assert not RecentSignatures(log).is_used_up("key", Signed(OTHER, clock() + age))
