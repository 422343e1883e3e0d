"""Use case of ``gitmesh blame``: the commit that gave each field of a resource its value."""

from dataclasses import dataclass
from pathlib import Path

from events.blame import Blamed, blame, within
from events.store import EventReader
from events.types import Chain, Seq, Signature
from gitmesh.queries.commits import facts_of
from gitmesh.queries.requested_moment import asked_seq
from gitmesh.queries.resource_name import no_resource, resource_of
from mesh.errors import UsageError
from mesh.keys import ResourceKey


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """A field, and the commit that gave it its current value."""

    blamed: Blamed
    author: Signature
    at: str
    """Time when the commit was recorded, in UTC."""


@dataclass(frozen=True, slots=True)
class FieldOrigins:
    """Fields of one resource at a moment."""

    resource: ResourceKey
    seq: Seq
    """Position of the moment in the mesh chain."""
    fields: tuple[FieldOrigin, ...]
    """The fields, in the order of the spec; never empty."""


def field_origins(
    log: EventReader, repo: Path, resource: str, field: str = "", moment: str | None = None
) -> FieldOrigins:
    """Return the origin of a field and of the fields inside it; of all fields if ``field`` is not
    given.

    :raises UsageError: there is no such resource or field at that moment.
    """
    seq = asked_seq(log, moment, repo) if moment else log.head(Chain.MESH).seq
    key = resource_of(resource, lambda: log.state(seq).resources)
    every = blame(log.versions(key, seq))
    if not every:
        raise no_resource(key, log.state(seq).resources, f"at event {seq}")
    found = [each for each in every if within(each.field, field)]
    if not found:
        known = ", ".join(each.field for each in every[:3])
        raise UsageError(f"{key} has no field {field!r}", hint=f"it has {known}, …")
    facts = {each.since: facts_of(log, each.since) for each in found}
    return FieldOrigins(
        key,
        seq,
        tuple(
            FieldOrigin(each, facts[each.since][0].author, facts[each.since][1]) for each in found
        ),
    )
