"""News of the log inside a process."""

from events.logged_commits import LoggedCommits
from events.types import CommitId, Seq

ONE, OTHER = CommitId("1" * 40), CommitId("2" * 40)


def test_the_position_is_unknown_while_the_chain_grows() -> None:
    news = LoggedCommits()
    assert news.seq is None
    news.reached(Seq(3))
    assert news.seq == 3
    with news.appending():
        assert news.seq is None
    assert news.seq is None
    news.reached(Seq(5), [ONE])
    assert news.seq == 5


def test_everybody_who_expects_a_commit_is_woken_and_nobody_else() -> None:
    news = LoggedCommits()
    with news.expecting(ONE) as first, news.expecting(ONE) as second, news.expecting(OTHER) as none:
        news.reached(Seq(1), [ONE])
        assert first.is_set()
        assert second.is_set()
        assert not none.is_set()


def test_who_left_is_forgotten() -> None:
    news = LoggedCommits()
    with news.expecting(ONE):
        pass
    with news.expecting(ONE) as left, news.expecting(ONE) as stays:
        pass
    news.reached(Seq(1), [ONE])
    assert not left.is_set()
    assert not stays.is_set()
    assert not news._expected


def test_a_commit_that_was_logged_just_now_is_there_at_once() -> None:
    news = LoggedCommits()
    news.reached(Seq(2), [ONE, OTHER])
    with news.expecting(ONE) as one, news.expecting(OTHER) as other:
        assert one.is_set()
        assert other.is_set()
    many = [CommitId(f"{number:040}") for number in range(1_000)]
    news.reached(Seq(1_002), many)
    with news.expecting(ONE) as one, news.expecting(many[-1]) as newest:
        assert not one.is_set(), "only some are kept in memory"
        assert newest.is_set()
