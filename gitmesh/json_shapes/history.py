"""JSON shapes of history: commits, the state at a moment, origins of values."""

from collections.abc import Mapping
from typing import TypedDict

from events.types import Record
from gitmesh.json_shapes.changes import ChangeShape
from gitmesh.json_shapes.events import EventShape, event_shape
from gitmesh.json_shapes.pins import PinShape, pin_shape
from gitmesh.queries.commits import LoggedCommit
from gitmesh.queries.requested_commit import RefusedPush
from gitmesh.rendering.commit_lines import effect_words, subject_of
from gitmesh.rendering.documents import document
from gitmesh.service.history.field_origins import FieldOrigins
from gitmesh.service.history.served_state import ServedState
from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey


class CommitShape(TypedDict):
    """Answer of ``show``."""

    commit: str
    seq: int | None
    """Position in the mesh chain; ``None`` if the push of the commit was refused: then ``about`` is
    that push."""
    at: str
    outcome: str
    about: JsonObject
    dropped: list[str]
    changes: list[EventShape]
    neverServed: bool
    effect: list[EventShape]


class AuthorShape(TypedDict):
    """Author of a commit."""

    name: str
    email: str


class CommitLineShape(TypedDict):
    """A line of ``log --commits``."""

    commit: str
    seq: int
    at: str
    outcome: str
    author: AuthorShape
    subject: str
    trailers: list[list[str]]
    reverts: list[str]
    changes: list[ChangeShape]
    dropped: list[str]
    effect: list[str]
    neverServed: bool


class WithinShape(TypedDict):
    """A position between the changes of one commit."""

    changes: int
    of: int


class StateShape(TypedDict):
    """Answer of ``state``."""

    seq: int
    commit: str | None
    inside: WithinShape | None
    pinned: PinShape | None
    neverServed: bool
    resources: list[JsonObject]


class OriginShape(TypedDict):
    """A field, and the commit that gave it its value."""

    field: str
    value: Json
    before: Json
    commit: str
    seq: int
    author: str
    email: str
    at: str


class OriginsShape(TypedDict):
    """Answer of ``blame``."""

    resource: str
    seq: int
    fields: list[OriginShape]


def commit_shape(found: LoggedCommit) -> CommitShape:
    """Return all that the log contains about a commit."""
    about, *changes = found.records
    return {
        "commit": found.facts.commit,
        "seq": found.first,
        "at": found.at,
        "outcome": _outcome(found),
        "about": about.data,
        "dropped": _dropped(found),
        "changes": [event_shape(record) for record in changes],
        "neverServed": found.instead is not None,
        "effect": [event_shape(record) for record in found.delivery],
    }


def refused_push_shape(found: RefusedPush) -> CommitShape:
    """Return the logged refused push of a commit."""
    return {
        "commit": found.commit,
        "seq": None,
        "at": found.record.at,
        "outcome": "push-refused",
        "about": found.record.data,
        "dropped": [],
        "changes": [],
        "neverServed": True,
        "effect": [event_shape(found.record)],
    }


def commit_line_shape(found: LoggedCommit) -> CommitLineShape:
    """Return a short form of a commit: changes, author, reason and effect."""
    facts = found.facts
    return {
        "commit": facts.commit,
        "seq": found.first,
        "at": found.at,
        "outcome": _outcome(found),
        "author": {"name": facts.author.name, "email": facts.author.email},
        "subject": subject_of(found),
        "trailers": [list(trailer) for trailer in facts.trailers],
        "reverts": list(facts.reverts),
        "changes": [_change(record) for record in found.records[1:]],
        "dropped": _dropped(found),
        "effect": list(effect_words(found)),
        "neverServed": found.instead is not None,
    }


def state_shape(served: ServedState, resources: dict[ResourceKey, JsonObject]) -> StateShape:
    """Return the mesh at a moment, with these resources."""
    within = served.within
    return {
        "seq": served.state.seq,
        "commit": served.state.commit,
        "inside": {"changes": within.changes, "of": within.of} if within else None,
        "pinned": pin_shape(served.pin),
        "neverServed": served.instead is not None,
        "resources": [document(key, spec) for key, spec in resources.items()],
    }


def envoy_state_shape(
    served: ServedState, configuration: Mapping[str, list[JsonObject]]
) -> dict[str, object]:
    """Return a proxy's configuration at a moment; its fields are Envoy's."""
    return {
        "seq": served.state.seq,
        "commit": served.state.commit,
        "pinned": pin_shape(served.pin),
        "neverServed": served.instead is not None,
        **configuration,
    }


def origins_shape(found: FieldOrigins) -> OriginsShape:
    """Return the origin of each field of a resource."""
    return {
        "resource": str(found.resource),
        "seq": found.seq,
        "fields": [
            {
                "field": each.blamed.field,
                "value": each.blamed.value,
                "before": each.blamed.before,
                "commit": each.blamed.commit,
                "seq": each.blamed.since,
                "author": each.author.name,
                "email": each.author.email,
                "at": each.at,
            }
            for each in found.fields
        ],
    }


def _outcome(found: LoggedCommit) -> str:
    return "rejected" if found.rejected else "applied"


def _dropped(found: LoggedCommit) -> list[str]:
    return [] if found.rewritten is None else list(found.rewritten.dropped)


def _change(record: Record) -> ChangeShape:
    return {"kind": record.kind, "subject": record.subject, "data": record.data}
