"""Events of one commit: applied whole, or rejected with every error."""

from dataclasses import replace

from events.state import MeshState, apply_all
from events.types import (
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    MeshEvent,
    ResourceAdded,
    Seq,
    Signature,
)
from mesh.problems.problem import Problem, Severity
from mesh.resource import Resource
from reconciler.plan import MAX_PROBLEMS, plan
from reconciler.reading.file import SpecFile
from reconciler.reading.listing import Entry, EntryKind
from reconciler.reading.source import ObjectId
from reconciler.reading.tree import EMPTY, SpecTree, advance
from tests.support.meshes import a_node, shop_mesh, shop_with

WHO = Signature("Alice", "alice@example.com", "2026-11-23T08:00:00+00:00")
ENTRY = Entry(EntryKind.FILE, ObjectId("0" * 40))


def facts(commit: str) -> CommitFacts:
    return CommitFacts(CommitId(commit), f"tree of {commit}", (), WHO, WHO, "x")


def tree(*resources: Resource, problems: tuple[Problem, ...] = ()) -> SpecTree:
    named = {r.source.path: SpecFile(ENTRY, resources=(r,)) for r in resources}
    return advance(EMPTY, {**named, "noted.yaml": SpecFile(ENTRY, problems=problems)})


def problem(line: int, severity: Severity = Severity.ERROR) -> Problem:
    return Problem("noted.yaml", line, "$", "some-code", "wrong", "", severity)


def applied(state: MeshState, events: list[MeshEvent]) -> MeshState:
    return apply_all(state, [(Seq(state.seq + n), e) for n, e in enumerate(events, 1)])


def served(*resources: Resource) -> MeshState:
    return applied(MeshState(), plan(MeshState(), facts("first"), tree(*resources)))


def test_a_good_commit_is_applied_with_its_changes_after_it() -> None:
    events = plan(MeshState(), facts("c"), tree(*shop_mesh()))
    assert isinstance(events[0], CommitApplied)
    assert events[0].changes == len(events) - 1 == len(shop_mesh())
    assert all(isinstance(event, ResourceAdded) for event in events[1:])


def test_warnings_are_kept_and_stop_nothing() -> None:
    warning = problem(3, Severity.WARNING)
    (event, *_) = plan(MeshState(), facts("c"), tree(*shop_mesh(), problems=(warning,)))
    assert isinstance(event, CommitApplied)
    assert event.warnings == (warning.as_json(),)


def test_one_error_rejects_the_whole_commit_and_leaves_the_mesh() -> None:
    state = served(*shop_mesh())
    bad = tree(*shop_with(a_node("new", 80)), problems=(problem(1), problem(2, Severity.WARNING)))
    events = plan(state, facts("bad"), bad)
    assert events == [CommitRejected(facts("bad"), ({**problem(1).as_json()},), 0)]
    after = applied(state, events)
    assert after.resources is state.resources
    assert after.commit == "first"


def test_more_problems_than_an_event_holds_are_counted() -> None:
    many = tuple(problem(line) for line in range(1, MAX_PROBLEMS + 8))
    (event,) = plan(MeshState(), facts("c"), tree(problems=many))
    assert isinstance(event, CommitRejected)
    assert [p["line"] for p in event.problems] == list(range(1, MAX_PROBLEMS + 1))
    assert event.omitted == 7


def test_an_earlier_commit_with_the_same_tree_is_restored() -> None:
    state = served(*shop_mesh())
    (event,) = plan(state, facts("c"), tree(*shop_mesh()), restores=CommitId("earlier"))
    assert isinstance(event, CommitApplied)
    assert event.restores == "earlier"


def test_the_commit_that_is_served_is_not_restored_by_one_that_changes_no_file() -> None:
    state = served(*shop_mesh())
    (event,) = plan(state, facts("c"), tree(*shop_mesh()), restores=CommitId("first"))
    assert isinstance(event, CommitApplied)
    assert event.restores is None


def test_a_commit_that_is_applied_again_restores_itself() -> None:
    state = replace(served(*shop_mesh()), tip=CommitId("rejected"))
    (event,) = plan(state, facts("first"), tree(*shop_mesh()), restores=CommitId("first"))
    assert isinstance(event, CommitApplied)
    assert event.restores == "first"
