"""Overview: is everything as the repository says?"""

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from events.query import Query
from events.types import CommitRejected, ProxyState
from gitmesh.access.visibility import visible_commit
from gitmesh.console import paths
from gitmesh.console.fleet.start import example_command, readable_keys
from gitmesh.console.history.entries import Entry, entry_of
from gitmesh.console.shown_mesh import shown_state
from gitmesh.console.states import OF_PROXIES, State
from gitmesh.console.visit import View, Visit
from gitmesh.language import Words
from gitmesh.queries.commit_status import CommitStatus, NodeStatus, Refused, commit_status
from gitmesh.queries.commits import OF_DELIVERY
from gitmesh.queries.refusal_locations import hint
from gitmesh.rendering.narration import narrate
from gitmesh.service.history.commit_history import logged_commits
from mesh.keys import Kind, ResourceKey

RECENT: Final = timedelta(hours=24)
_LINES: Final = 8
_LOOKED_AT: Final = 500
"""Commits that are looked at for a visitor who may not see all of them."""
_EXCEPTIONS: Final = 20
"""Nodes that are listed; the page of proxies has all."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Connected proxies by whether they have what is served."""

    total: int
    in_sync: int
    refusing: int


@dataclass(frozen=True, slots=True)
class Exceptional:
    """A node whose proxies do not all have what is served."""

    node: ResourceKey
    states: tuple[tuple[State, int], ...]
    refusals: tuple[tuple[Refused, str], ...]
    """Each with its remedy."""


@dataclass(frozen=True, slots=True)
class MeshSummary:
    """A mesh, with the number of its resources of each kind."""

    key: ResourceKey
    counts: tuple[tuple[Kind, int], ...]


def overview(visit: Visit) -> View:
    """Return the overview: the served commit, proxy states, warnings and recent changes."""
    values: dict[str, object] = {"paths": paths, "recent": _recent(visit)}
    if visit.at is not None:
        return View("overview.html", {**values, **_past(visit, visit.at)})
    keys = readable_keys(visit)
    example = example_command(keys, visit.served.xds)
    clone = f"git clone {shlex.quote(str(visit.served.repo))} mesh && cd mesh"
    values |= {"meshes": meshes(keys), "example": example, "clone": clone, "then": None}
    return View("overview.html", {**values, **_present(visit)})


def meshes(keys: Iterable[ResourceKey]) -> tuple[MeshSummary, ...]:
    """Return the meshes of some resources, by name."""
    counts: dict[str, Counter[Kind]] = {}
    for key in keys:
        counts.setdefault(key.mesh, Counter())[key.kind] += 1
    shown = [kind for kind in Kind if kind is not Kind.MESH]
    return tuple(
        MeshSummary(ResourceKey.of_mesh(name), tuple((k, of[k]) for k in shown if of[k]))
        for name, of in sorted(counts.items())
    )


def _present(visit: Visit) -> dict[str, object]:
    log, repo = visit.served.log, visit.served.repo
    newest = log.newest_commit()
    if newest is None or not visit.caller.permission.reads_all:
        return {"tip": None, "now": visit.now, "empty": newest is None}
    tip = commit_status(log, newest, repo)
    current = tip
    if tip.served is not None and not tip.is_served:
        current = commit_status(log, tip.served, repo)
    return {
        "tip": tip,
        "current": current if current.is_served else None,
        "rejected": tip.about if isinstance(tip.about, CommitRejected) else None,
        "fleet": _fleet(current),
        "exceptions": tuple(_exceptions(current, visit.words))[:_EXCEPTIONS],
        "degraded": [(at, narrate(event, visit.words)) for at, event in tip.degraded],
        "unresponsive": [(at, narrate(event, visit.words)) for at, event in tip.unresponsive],
        "empty": False,
    }


def _past(visit: Visit, at: str) -> dict[str, object]:
    found = shown_state(visit, at)
    keys = [key for key in found.state.resources if visit.caller.permission.may_read(key)]
    return {"then": found, "meshes": meshes(keys), "example": "", "tip": None, "empty": False}


def _recent(visit: Visit) -> list[Entry]:
    permission = visit.caller.permission
    query = Query(since=visit.now - RECENT)
    looked = _LINES if permission.reads_all else _LOOKED_AT
    found = logged_commits(visit.served.log, query, looked, OF_DELIVERY)
    seen = [each for each in (visible_commit(c, permission) for c in found) if each is not None]
    return [entry_of(each) for each in reversed(seen[-_LINES:])]


def _fleet(status: CommitStatus) -> Fleet:
    states: Counter[ProxyState] = Counter()
    for node in status.nodes:
        states += node.states
    refusing = states[ProxyState.REFUSED] + states[ProxyState.LAST_ACCEPTED]
    return Fleet(states.total(), states[ProxyState.IN_SYNC], refusing)


def _exceptions(status: CommitStatus, words: Words) -> Iterable[Exceptional]:
    """Yield the nodes that are not in sync, those that refuse first."""
    for node in sorted(status.nodes, key=lambda each: (not each.refuses, each.node)):
        if node.refuses or node.states.total() > node.states[ProxyState.IN_SYNC]:
            yield _exceptional(node, words)


def _exceptional(node: NodeStatus, words: Words) -> Exceptional:
    counts: Counter[State] = Counter()
    for state, number in node.states.items():
        counts[OF_PROXIES[state]] += number
    refusals = tuple((each, hint(each.event, words)) for each in node.refusals)
    return Exceptional(ResourceKey.parse(node.node), tuple(counts.most_common()), refusals)
