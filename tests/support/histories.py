"""Hypothesis strategies: any event of every kind, and histories as a reconciler writes them."""

from collections.abc import Mapping, Sequence
from typing import Final

from hypothesis import strategies as st

from events.types import (
    Cause,
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    DeliveryEvent,
    Event,
    FieldChange,
    HistoryRewritten,
    MeshEvent,
    ProxiesFlapped,
    ProxiesSettled,
    ProxyConnected,
    ProxyDisconnected,
    ProxyState,
    PushReceived,
    PushRefused,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    RulesChanged,
    Seq,
    ServerStarted,
    ServingPinned,
    ServingReleased,
    Signature,
    SnapshotConverged,
    SnapshotDelayed,
    SnapshotPublished,
    SnapshotRejected,
    SourceDegraded,
    SourceRecovered,
    TrafficShifted,
    WeightChange,
    WorkerResponsive,
    WorkerUnresponsive,
)
from mesh.canonical import Json, JsonObject
from mesh.keys import Kind, ResourceKey

History = Sequence[Sequence[MeshEvent]]
"""Transactions, each of one commit."""

# ---- anything that can be said ------------------------------------------------------------------

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TEXTS = st.lists(_TEXT, max_size=2).map(tuple)
_NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
_COUNT = st.integers(0, 10**6)
_COMMIT = st.text("0123456789abcdef", min_size=40, max_size=40).map(CommitId)
_COMMITS = st.lists(_COMMIT, max_size=2).map(tuple)

json_values: Final[st.SearchStrategy[Json]] = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
json_objects: Final[st.SearchStrategy[JsonObject]] = st.dictionaries(_TEXT, json_values, max_size=4)
_OBJECTS = st.lists(json_objects, max_size=2).map(tuple)


@st.composite
def keys(draw: st.DrawFn) -> ResourceKey:
    """Keys of every kind, with arbitrary names."""
    kind = draw(st.sampled_from(Kind))
    mesh = draw(_NAME)
    if kind is Kind.MESH:
        return ResourceKey.of_mesh(mesh)
    return ResourceKey.of(kind, mesh, draw(_NAME), draw(_NAME) if kind.within else "")


_SIGNATURE = st.builds(Signature, _TEXT, _TEXT, _TEXT)
_FACTS = st.builds(
    CommitFacts,
    _COMMIT,
    _TEXT,
    _COMMITS,
    _SIGNATURE,
    _SIGNATURE,
    _TEXT,
    st.lists(st.tuples(_TEXT, _TEXT), max_size=2).map(tuple),
    _COMMITS,
)
_FIELD_CHANGES = st.lists(st.builds(FieldChange, _TEXT, json_values, json_values), max_size=2)
_WEIGHT_CHANGES = st.lists(
    st.builds(WeightChange, _TEXT, st.none() | _COUNT, _COUNT, _COUNT), max_size=2
)

EVENTS: Final[Mapping[type[Event], st.SearchStrategy[Event]]] = {
    CommitApplied: st.builds(
        CommitApplied, _FACTS, st.none() | _COMMIT, _COUNT, _OBJECTS, json_objects
    ),
    CommitRejected: st.builds(CommitRejected, _FACTS, _OBJECTS, _COUNT),
    ResourceAdded: st.builds(ResourceAdded, keys(), _COMMIT, json_objects, _TEXT),
    ResourceChanged: st.builds(
        ResourceChanged, keys(), _COMMIT, json_objects, _TEXT, _FIELD_CHANGES.map(tuple)
    ),
    TrafficShifted: st.builds(
        TrafficShifted, keys(), _COMMIT, json_objects, _TEXT, _WEIGHT_CHANGES.map(tuple)
    ),
    ResourceRemoved: st.builds(ResourceRemoved, keys(), _COMMIT),
    HistoryRewritten: st.builds(
        HistoryRewritten, _COMMIT, _COMMIT, st.none() | _COMMIT, _COMMITS, _TEXT
    ),
    SnapshotPublished: st.builds(
        SnapshotPublished,
        _COMMIT,
        _COUNT.map(Seq),
        st.lists(_TEXT, max_size=2).map(tuple),
        _COUNT,
        _COUNT,
    ),
    SnapshotConverged: st.builds(
        SnapshotConverged,
        _COMMIT,
        _COUNT,
        st.dictionaries(_TEXT, _COUNT, max_size=3),
        st.sampled_from(Cause),
    ),
    SnapshotDelayed: st.builds(SnapshotDelayed, _COMMIT, _COUNT, _COUNT, _COUNT, _TEXTS),
    SnapshotRejected: st.builds(
        SnapshotRejected,
        _COMMIT,
        *(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT),
        *(_TEXTS, _TEXTS, _TEXT),
    ),
    ProxyConnected: st.builds(
        ProxyConnected, _TEXT, _TEXT, _TEXT, st.sampled_from(ProxyState), _COMMIT
    ),
    ProxiesSettled: st.builds(
        ProxiesSettled, _COMMIT, _COUNT.map(Seq), _TEXTS, _TEXTS, _TEXTS, _TEXTS
    ),
    ProxiesFlapped: st.builds(
        ProxiesFlapped,
        *(_TEXT, _COMMIT, _TEXT, _COUNT, _COUNT),
        st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=2).map(tuple),
        _TEXTS,
        _TEXT,
    ),
    WorkerUnresponsive: st.builds(WorkerUnresponsive, _COUNT, _COUNT, _COUNT),
    WorkerResponsive: st.builds(WorkerResponsive, _COUNT, _TEXT),
    ServerStarted: st.builds(ServerStarted, _TEXT),
    RulesChanged: st.builds(RulesChanged, _COUNT, _COUNT, _COUNT.map(Seq), _TEXT),
    ProxyDisconnected: st.builds(ProxyDisconnected, _TEXT, _TEXT, _TEXT),
    SourceDegraded: st.builds(SourceDegraded, _TEXT, _TEXT),
    SourceRecovered: st.builds(SourceRecovered, _TEXT),
    PushRefused: st.builds(
        PushRefused,
        ref=_TEXT,
        after=st.just(CommitId("")) | _COMMIT,
        before=st.none() | _COMMIT,
        pusher=_TEXT,
        via=_TEXT,
        account=_TEXT,
        claimed=_TEXT,
        options=_TEXTS,
        omitted=_COUNT,
        reason=_TEXT,
        commits=_COMMITS,
        problems=_OBJECTS,
        more_problems=_COUNT,
        unrecorded=_COUNT,
    ),
    PushReceived: st.builds(
        PushReceived,
        ref=_TEXT,
        after=st.just(CommitId("")) | _COMMIT,
        before=st.none() | _COMMIT,
        pusher=_TEXT,
        via=_TEXT,
        account=_TEXT,
        claimed=_TEXT,
        options=st.lists(_TEXT, max_size=2).map(tuple),
        omitted=_COUNT,
    ),
    ServingPinned: st.builds(ServingPinned, _COMMIT, _COUNT.map(Seq), _TEXT, _TEXT, _TEXT),
    ServingReleased: st.builds(ServingReleased, _COMMIT, _TEXT, _TEXT, _TEXT),
}
"""Strategy of each event type."""

# ---- what a reconciler would write --------------------------------------------------------------

_KEYS = (
    ResourceKey.of_mesh("shop"),
    *(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", name) for name in ("cart-v1", "cart v2")),
    *(ResourceKey.of(Kind.ROUTE, "shop", name, "cart") for name in ("all", "beta")),
)
_ALICE = Signature("Alice", "alice@example.com", "2026-11-23T08:00:00+01:00")


def facts(number: int, tree: int | None = None) -> CommitFacts:
    """Return the facts of the commit with that number; equal numbers give equal commits."""
    tree_id = f"{number if tree is None else tree:x}".rjust(40, "e")
    return CommitFacts(commit_id(number), tree_id, (), _ALICE, _ALICE, f"Commit {number}\n")


def commit_id(number: int) -> CommitId:
    """Return the id of the commit with that number."""
    return CommitId(f"{number:x}".ljust(8, "0").ljust(40, "c"))


@st.composite
def histories(draw: st.DrawFn, *, most: int = 6) -> History:
    """Histories of commits, good and bad, that add, change, shift and remove; with force pushes."""
    live: dict[ResourceKey, int] = {}
    transactions: list[list[MeshEvent]] = []
    tip = 0
    for number in range(1, draw(st.integers(0, most)) + 1):
        events: list[MeshEvent] = []
        if tip and draw(st.integers(0, 4)) == 0:
            events.append(
                HistoryRewritten(commit_id(tip), commit_id(number), None, (), "rewritten")
            )
        # Now and then a commit comes back that was seen before, and a tree that was.
        tip = draw(st.integers(1, number)) if events else number
        found = facts(tip, draw(st.integers(1, 3)))
        if draw(st.integers(0, 3)) == 0:
            events.append(CommitRejected(found, ({"code": "dangling-reference"},)))
        else:
            changes = [
                _change(draw, key, found.commit, live, number)
                for key in sorted(draw(st.sets(st.sampled_from(_KEYS), max_size=4)))
            ]
            settings: JsonObject = draw(st.sampled_from([{}, {"egressToAws": True}]))
            events += [CommitApplied(found, None, len(changes), (), settings), *changes]
        transactions.append(events)
    return transactions


def _change(
    draw: st.DrawFn, key: ResourceKey, commit: CommitId, live: dict[ResourceKey, int], number: int
) -> MeshEvent:
    spec: JsonObject = {"number": number, "text": draw(st.sampled_from(("", "é", '"', "\x00")))}
    path = f"{key.name}.yaml"
    if key not in live:
        live[key] = number
        return ResourceAdded(key, commit, spec, path)
    if draw(st.integers(0, 2)) == 0:
        del live[key]
        return ResourceRemoved(key, commit)
    before, live[key] = live[key], number
    if key.kind is Kind.ROUTE:
        return TrafficShifted(key, commit, spec, path, (WeightChange("v1", None, before, number),))
    return ResourceChanged(key, commit, spec, path, (FieldChange("$.number", before, number),))


_PROXIES = st.sampled_from(("127.0.0.2:1#1", "127.0.0.2:1#2", "127.0.0.3:1#3"))
_NODES = st.sampled_from(("mesh/shop/virtualNode/web", "mesh/shop/virtualNode/cart"))
_SEEN = st.integers(1, 3).map(commit_id)

_SOME = st.lists(_PROXIES, unique=True, max_size=2).map(tuple)

delivery_events: Final[st.SearchStrategy[DeliveryEvent]] = st.one_of(
    st.builds(
        ProxyConnected, _NODES, _PROXIES, st.just("envoy 1.37"), st.sampled_from(ProxyState), _SEEN
    ),
    st.builds(ProxiesSettled, _SEEN, st.integers(1, 3).map(Seq), _SOME, _SOME, _SOME),
    st.builds(ServerStarted, st.just("1.0")),
    st.builds(RulesChanged, st.just(1), st.just(2), st.integers(1, 3).map(Seq), st.just("1.0")),
    st.builds(SnapshotDelayed, _SEEN, st.just(3), st.just(1), st.just(1), _SOME),
    st.builds(ProxyDisconnected, _NODES, _PROXIES, st.just("gone")),
    st.builds(
        SnapshotPublished,
        _SEEN,
        st.integers(1, 3).map(Seq),
        st.lists(_NODES, unique=True, max_size=2).map(tuple),
        st.just(1),
    ),
    st.builds(
        SnapshotRejected, _SEEN, _NODES, st.just("type"), st.just("v"), st.just("no"), _PROXIES
    ),
    st.builds(SnapshotConverged, _SEEN, st.just(2)),
    st.builds(SourceDegraded, st.just("branch-gone"), st.just("main is gone")),
    st.builds(SourceRecovered, st.just("branch-gone")),
)
"""Events of proxies and sources, with few names, so that several affect the same one."""
