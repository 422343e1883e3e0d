"""The way from the last logged commit to the tip, in every shape of history."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.types import CommitId
from reconciler import history
from reconciler.history import Way, way


@dataclass
class Graph:
    """Commits of one letter or a number each, by their parents."""

    parents: dict[str, str]
    gone: set[str] = field(default_factory=set)

    def first_parent(self, commit: CommitId) -> CommitId | None:
        parents = self.parents[_name(commit)]
        return _id(parents.split()[0]) if parents else None

    def has(self, commit: CommitId) -> bool:
        return _name(commit) in self.parents and _name(commit) not in self.gone

    def ancestors(self, commit: CommitId) -> list[str]:
        found, waiting = [], [_name(commit)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.append(name)
                waiting += self.parents[name].split()
        return found

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        common = [name for name in self.ancestors(one) if name in self.ancestors(other)]
        best = [n for n in common if all(n in self.ancestors(_id(n)) for n in common)]
        heads = [n for n in best if not any(n in self.ancestors(_id(m)) for m in best if m != n)]
        return _id(heads[0]) if heads else None

    def descends(self, commit: CommitId, ancestor: CommitId) -> bool:
        return _name(ancestor) in self.ancestors(commit)


def _id(name: str) -> CommitId:
    return CommitId(name.encode().ljust(20, b"\0").hex())


def _name(commit: CommitId) -> str:
    return bytes.fromhex(commit).rstrip(b"\0").decode()


def find(graph: Graph, seen: str | None, tip: str, logged: str = "") -> Way:
    known = {_id(name) for name in logged.split()}
    return way(graph, _id(seen) if seen else None, _id(tip), known.__contains__)


def names(found: Way) -> str:
    return " ".join(_name(commit) for commit in found.commits)


LINE = Graph({"a": "", "b": "a", "c": "b", "d": "c"})


def test_a_first_look_takes_all_history_oldest_first() -> None:
    found = find(LINE, None, "d")
    assert names(found) == "a b c d"
    assert found.rewritten is None


def test_commits_pushed_on_top_follow_from_the_last_one_seen() -> None:
    assert names(find(LINE, "b", "d")) == "c d"
    assert names(find(LINE, "d", "d")) == ""


def test_a_merge_is_one_step_and_its_other_parents_none() -> None:
    graph = Graph({"a": "", "x": "a", "y": "x", "b": "a", "m": "b y x", "c": "m"})
    assert names(find(graph, "a", "c")) == "b m c"
    assert find(graph, "a", "c").rewritten is None


def test_a_move_back_applies_the_older_commit_again() -> None:
    found = find(LINE, "d", "b")
    assert names(found) == "b"
    assert found.rewritten is not None
    assert found.rewritten.merge_base == _id("b")
    assert [_name(c) for c in found.rewritten.dropped] == ["d", "c"]
    assert found.rewritten.topology == "rewritten"


def test_a_move_sideways_logs_what_is_new_since_the_fork() -> None:
    graph = Graph({"a": "", "b": "a", "c": "b", "x": "a", "y": "x"})
    found = find(graph, "c", "y")
    assert names(found) == "x y"
    assert found.rewritten is not None
    assert found.rewritten.before == _id("c")
    assert found.rewritten.after == _id("y")
    assert found.rewritten.merge_base == _id("a")
    assert [_name(c) for c in found.rewritten.dropped] == ["c", "b"]


def test_an_orphan_root_shares_nothing() -> None:
    graph = Graph({"a": "", "b": "a", "x": "", "y": "x"})
    found = find(graph, "b", "y")
    assert names(found) == "x y"
    assert found.rewritten is not None
    assert found.rewritten.merge_base is None
    assert [_name(c) for c in found.rewritten.dropped] == ["b", "a"]


def test_a_foxtrot_merge_is_told_from_a_rewrite() -> None:
    # b was the tip; someone merged it *into* their own work and pushed that.
    graph = Graph({"a": "", "b": "a", "x": "a", "m": "x b"})
    found = find(graph, "b", "m")
    assert names(found) == "x m"
    assert found.rewritten is not None
    assert found.rewritten.topology == "foxtrot"
    assert found.rewritten.merge_base == _id("b")
    assert found.rewritten.dropped == ()


def test_when_git_dropped_the_last_commit_the_log_says_where_to_begin() -> None:
    graph = Graph({"a": "", "b": "a", "c": "b", "x": "b", "y": "x"}, gone={"c"})
    found = find(graph, "c", "y", logged="a b c")
    assert names(found) == "x y"
    assert found.rewritten is not None
    assert found.rewritten.merge_base == _id("b")
    assert found.rewritten.dropped == (_id("c"),)


def test_a_rewrite_names_no_more_commits_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_DROPPED", 3)
    graph = Graph({"0": "", **{str(n): str(n - 1) for n in range(1, 20)}, "x": ""})
    found = find(graph, "19", "x")
    assert found.rewritten is not None
    assert [_name(c) for c in found.rewritten.dropped] == ["19", "18", "17"]


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_the_fork_is_found_however_far_it_is(shared: int, old: int, new: int) -> None:
    parents = {"r0": ""}
    parents |= {f"r{n}": f"r{n - 1}" for n in range(1, shared + 1)}
    fork = f"r{shared}"
    parents |= {f"o{n}": f"o{n - 1}" if n else fork for n in range(old)}
    parents |= {f"n{n}": f"n{n - 1}" if n else fork for n in range(new)}
    seen = f"o{old - 1}" if old else fork
    tip = f"n{new - 1}" if new else fork

    found = find(Graph(parents), seen, tip)

    fresh = [f"n{n}" for n in range(new)]
    if not old:
        assert found.rewritten is None
        assert names(found).split() == fresh
    else:
        assert found.rewritten is not None
        assert names(found).split() == (fresh or [tip])
        assert found.rewritten.merge_base == _id(fork)
        assert [_name(c) for c in found.rewritten.dropped] == [
            f"o{n}" for n in reversed(range(old))
        ]


def test_the_line_reads_as_a_sequence() -> None:
    line = find(LINE, None, "d").commits
    assert len(line) == 4
    assert [_name(c) for c in line[1:3]] == ["b", "c"]
    assert _name(line[-1]) == "d"
    with pytest.raises(IndexError):
        line[4]
