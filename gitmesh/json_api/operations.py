"""The operations of the JSON API as one table: paths, parameters, answers and handlers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gitmesh.json_api import changing, event_feed, reading, traffic
from gitmesh.json_api.asking import Asked
from gitmesh.json_shapes import changes, delivery, history, pins, proxies, resources
from gitmesh.json_shapes.traffic import reported as traffic_shapes

PREFIX: Final = "/gitmesh/v1"


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter of a query, or a member of a body."""

    name: str
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation."""

    method: str
    path: str
    """Path below the prefix. ``{name}`` is the rest of the path, still encoded."""
    summary: str
    shape: type
    """Shape of the answer."""
    handle: Callable[[Asked], object]
    values: tuple[Value, ...] = ()
    """Parameters of a GET; members of the body of a POST."""
    access: str = "what the caller may read"
    """Text: the part that callers with limited permissions receive, or the permission they need."""

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the operation's parameters."""
        return frozenset(value.name for value in self.values)

    def fits(self, method: str, path: str) -> str | None:
        """Return the name in a path, or ``None`` if the method or path is not this operation's."""
        head, variable, _ = self.path.partition("{name}")
        same = path.startswith(head) and len(path) > len(head) if variable else path == head
        return path[len(head) :] if same and method == self.method else None


_AT: Final = Value("at", "A moment: a position in the mesh chain, a commit, a branch, or a time.")
_RESOURCE: Final = Value("resource", "A resource; those inside it are included.")
_DRY: Final = Value("dryRun", "True: answer what would change, and change nothing.")
_CHOOSES: Final = "a role that writes everything"

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "GET",
        "/resources",
        "The resources that are served when nothing is pinned, by key.",
        resources.ResourcesShape,
        reading.resources,
        (
            Value("kind", "Such as `Route`."),
            Value("mesh", "The name of a mesh."),
            Value("within", "A resource: itself, and those inside it."),
            Value("after", "`next` of the page before."),
            Value("limit", f"Up to {reading.MOST_RESOURCES}, which is the default."),
        ),
    ),
    Operation(
        "GET",
        "/resources/{name}",
        "One resource: `/resources/mesh/shop/virtualNode/cart`.",
        resources.ResourceShape,
        reading.resource,
    ),
    Operation(
        "POST",
        "/changes",
        "Apply and delete resources, as one commit or not at all.",
        resources.ResourceChangesShape,
        changing.changes,
        (
            Value("apply", "Native documents; a resource that exists gets the new spec."),
            Value("delete", "Keys of resources."),
            Value("message", "The commit's subject."),
            Value(
                "expected",
                "Documents as they were read; if one of these resources is different now, nothing "
                "is changed, and the answer is 409.",
            ),
            _DRY,
        ),
        "the right to write each resource; for a dry run, to read it",
    ),
    Operation(
        "GET",
        "/history",
        "The newest commits, the oldest of them first.",
        resources.HistoryShape,
        reading.history,
        (
            _RESOURCE,
            Value("author", "Part of a name or an address."),
            Value("since", "A time."),
            Value("until", "A time."),
            Value("limit", f"Up to {reading.MOST_COMMITS}; 20 by default."),
        ),
        "applied commits that change only what the caller may read",
    ),
    Operation(
        "GET",
        "/commits/{name}",
        "Everything about a commit, and its effect on proxies.",
        history.CommitShape,
        reading.commit,
        access="applied commits that change only what the caller may read, without the effect",
    ),
    Operation(
        "GET",
        "/blame",
        "The commit that gave each field of a resource its value.",
        history.OriginsShape,
        reading.blame,
        (
            Value("resource", "The resource.", required=True),
            Value("field", "A field, with those inside it."),
            _AT,
        ),
    ),
    Operation(
        "GET",
        "/state",
        "The mesh that was served at a moment; now without one.",
        history.StateShape,
        reading.state,
        (_AT, _RESOURCE),
    ),
    Operation(
        "GET",
        "/diff",
        "The changes between two moments, and their blast radius.",
        changes.DifferenceShape,
        reading.diff,
        (
            Value("before", "A moment.", required=True),
            Value("after", "A moment; now without one."),
        ),
    ),
    Operation(
        "POST",
        "/rollback",
        "Restore the mesh of an earlier moment as a commit.",
        changes.RollbackShape,
        changing.rollback,
        (
            Value("to", "A moment.", required=True),
            Value("only", "Keys of the resources to restore; everything without."),
            Value("reason", "Why, for the commit's message."),
            _DRY,
        ),
        f"the right to write each resource in `only`; without it, {_CHOOSES}",
    ),
    Operation(
        "POST",
        "/pin",
        "Serve the mesh of an applied commit for a time, instead of the branch.",
        pins.PinAnswerShape,
        changing.pin_commit,
        (
            Value("commit", "A moment.", required=True),
            Value("reason", "Why.", required=True),
            Value("for", "`90s`, `30m`, `2h` or `1d`; `1h` by default."),
        ),
        _CHOOSES,
    ),
    Operation(
        "POST",
        "/unpin",
        "Serve the branch again.",
        pins.PinAnswerShape,
        changing.unpin_commit,
        (Value("reason", "Why."),),
        _CHOOSES,
    ),
    Operation(
        "GET",
        "/status",
        "Whether a commit was applied, and which proxies have it; the branch's tip without one.",
        delivery.StatusShape,
        reading.status,
        (Value("commit", "A commit or a branch."),),
        "the served commit, or one that changes only what the caller may read, and the proxies of "
        "nodes that they may read",
    ),
    Operation(
        "GET",
        "/proxies",
        "The connected proxies.",
        proxies.ProxiesShape,
        reading.proxies,
        (Value("node", "The end of a node's name."),),
        "proxies of nodes that the caller may read; refusals need the whole mesh",
    ),
    Operation(
        "GET",
        "/traffic",
        "The traffic that proxies reported, by target and caller.",
        traffic_shapes.TrafficShape,
        traffic.traffic,
        (
            Value("service", "Only targets of this virtual service."),
            Value("since", "`30m`, `2h`, or a time; `1m` without one."),
        ),
        "traffic between nodes that the caller may read",
    ),
    Operation(
        "GET",
        "/traffic/{name}",
        "The traffic before and after proxies acknowledged a commit.",
        traffic_shapes.CommitTrafficShape,
        traffic.commit_traffic,
        (Value("window", "The length of both times; `10m` without one."),),
        "callers who may read everything",
    ),
    Operation(
        "GET",
        "/problems",
        "The problems of the branch's newest commit, warnings too.",
        resources.ProblemsOfTipShape,
        reading.problems,
        access="problems of files with nothing but what the caller may read",
    ),
    Operation(
        "GET",
        "/events",
        "Events after a position; with `Accept: text/event-stream`, also those to come.",
        resources.EventsShape,
        event_feed.events,
        (
            Value("chain", "`mesh` or `delivery`; both without one."),
            Value("after", "A position: see below. The present end without one."),
            Value("kind", "Kinds of events, with commas between them."),
            _RESOURCE,
            Value("limit", f"Up to {event_feed.MOST_EVENTS}, which is the default."),
        ),
        "events about resources and proxies that the caller may read",
    ),
)
