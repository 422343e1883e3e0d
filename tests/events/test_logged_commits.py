"""News of the log inside a process."""

from events.logged_commits import LoggedCommits
from events.types import CommitId, Seq

ONE, OTHER = CommitId("1" * 40), CommitId("2" * 40)


def test_the_position_is_unknown_while_the_chain_grows() -> None:
    logged = LoggedCommits()
    assert logged.seq is None
    logged.reached(Seq(3))
    assert logged.seq == 3
    logged.begin_append()
    assert logged.seq is None
    logged.reached(Seq(5), [ONE])
    assert logged.seq == 5


def test_everybody_who_expects_a_commit_is_woken_and_nobody_else() -> None:
    logged = LoggedCommits()
    with (
        logged.expecting(ONE) as first,
        logged.expecting(ONE) as second,
        logged.expecting(OTHER) as none,
    ):
        logged.reached(Seq(1), [ONE])
        assert first.is_set()
        assert second.is_set()
        assert not none.is_set()


def test_who_left_is_forgotten() -> None:
    logged = LoggedCommits()
    with logged.expecting(ONE):
        pass
    with logged.expecting(ONE) as left, logged.expecting(ONE) as stays:
        pass
    logged.reached(Seq(1), [ONE])
    assert not left.is_set()
    assert not stays.is_set()
    assert not logged._expected


def test_a_commit_that_was_logged_just_now_is_there_at_once() -> None:
    logged = LoggedCommits()
    logged.reached(Seq(2), [ONE, OTHER])
    with logged.expecting(ONE) as one, logged.expecting(OTHER) as other:
        assert one.is_set()
        assert other.is_set()
    many = [CommitId(f"{number:040}") for number in range(1_000)]
    logged.reached(Seq(1_002), many)
    with logged.expecting(ONE) as one, logged.expecting(many[-1]) as newest:
        assert not one.is_set(), "only some are kept in memory"
        assert newest.is_set()
