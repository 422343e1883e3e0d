"""Queries about commits: position, commit of a tree, and whether a commit is logged."""

import pytest

from events.store import EventStore
from events.types import (
    START,
    Chain,
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    HistoryRewritten,
    ResourceAdded,
    ResourceRemoved,
    Seq,
)
from mesh.errors import UsageError
from tests.support.histories import facts
from tests.support.logs import NODE, SHORT_HISTORY, fill


def commit(digits: str, tree: str = "7" * 40) -> CommitFacts:
    who = facts(1).author
    return CommitFacts(CommitId(digits.ljust(40, "0")), tree, (), who, who, "")


def test_a_commit_is_found_at_the_last_position_of_its_transaction(log: EventStore) -> None:
    fill(log, SHORT_HISTORY)
    assert [log.seq_of_commit(facts(number).commit) for number in (1, 2, 3)] == [3, 5, 7]
    assert log.seq_of_commit("f" * 40) is None


def test_any_unambiguous_prefix_of_four_digits_or_more_will_do(log: EventStore) -> None:
    fill(log, [[CommitApplied(commit("abcd1"))], [CommitRejected(commit("abcd2"))]])
    assert log.seq_of_commit("abcd1") == log.seq_of_commit("ABCD1") == 1
    assert log.seq_of_commit("abcd2") == 2
    assert log.seq_of_commit("abce") is None
    with pytest.raises(UsageError, match="matches several commits"):
        log.seq_of_commit("abcd")


@pytest.mark.parametrize("digits", ["", "abc", "abcg", "main", "%%%%", "abcd_"])
def test_what_is_no_prefix_of_a_commit_is_refused(log: EventStore, digits: str) -> None:
    fill(log, SHORT_HISTORY)
    with pytest.raises(UsageError, match="not a commit id"):
        log.seq_of_commit(digits)


def test_a_prefix_that_ends_in_f_finds_its_commits(log: EventStore) -> None:
    fill(log, [[CommitApplied(commit("f" * 40))], [CommitApplied(commit("0" * 40))]])
    assert log.seq_of_commit("ffff") == 1
    assert log.seq_of_commit("0000") == 2


def test_a_commit_that_came_back_is_found_where_it_came_back_last(log: EventStore) -> None:
    first, second = commit("aaaa"), commit("bbbb")
    back = HistoryRewritten(second.commit, first.commit, None, (second.commit,), "rewritten")
    fill(
        log,
        [
            [CommitApplied(first), ResourceAdded(NODE, first.commit, {}, "web.yaml")],
            [CommitRejected(second)],
            [back, CommitApplied(first), ResourceRemoved(NODE, first.commit)],
        ],
    )
    assert log.seq_of_commit("aaaa") == 6
    assert log.seq_of_commit("bbbb") == 3


def test_the_latest_applied_commit_with_a_tree_is_found(log: EventStore) -> None:
    assert log.commit_of_tree("1" * 40) is None
    fill(
        log,
        [
            [CommitApplied(commit("aaaa", "1" * 40))],
            [CommitApplied(commit("bbbb", "2" * 40))],
            [CommitApplied(commit("cccc", "1" * 40))],
            [CommitRejected(commit("dddd", "2" * 40))],
            [CommitRejected(commit("eeee", "3" * 40))],
        ],
    )
    assert log.commit_of_tree("1" * 40) == commit("cccc").commit
    assert log.commit_of_tree("2" * 40) == commit("bbbb").commit
    assert log.commit_of_tree("3" * 40) is None, "a rejected commit's tree was never served"


def test_applied_and_rejected_commits_count_as_seen(log: EventStore) -> None:
    seen, rejected, rewritten = commit("aaaa"), commit("bbbb"), commit("cccc")
    gone = HistoryRewritten(rewritten.commit, seen.commit, None, (), "rewritten")
    log.append(Chain.MESH, [CommitRejected(rejected), gone, CommitApplied(seen)], expected=START)
    assert log.is_logged(seen.commit)
    assert log.is_logged(rejected.commit)
    assert not log.is_logged(rewritten.commit)
    assert not log.is_logged(CommitId("aaaa")), "a prefix is not a commit"
    assert log.state() == log.state(Seq(3))
