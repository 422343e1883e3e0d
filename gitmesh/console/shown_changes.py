"""Changes of a mesh as values of templates. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from events.types import (
    Event,
    FieldChange,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    TrafficShifted,
    WeightChange,
)
from gitmesh.console.web.localisation import mark
from mesh.canonical import Json, canonical
from mesh.keys import ResourceKey

VERBS: Final = {
    ResourceAdded: mark("added"),
    ResourceChanged: mark("changed"),
    TrafficShifted: mark("shifted"),
    ResourceRemoved: mark("removed"),
}
_ABSENT: Final = "—"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a spec, before and after."""

    where: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Share:
    """A target's share of a route's requests, in percent, before and after."""

    target: str
    before: float
    after: float

    @property
    def has_changed(self) -> bool:
        """True if it is another share now."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a bar of shares: where it begins and how wide it is, in percent."""

    number: int
    """Number of the target, from 1."""
    begin: float
    width: float


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one resource."""

    verb: str
    """Marked for translation."""
    key: ResourceKey
    path: str = ""
    """Its file; empty for one that was removed."""
    fields: tuple[Field, ...] = ()
    shares: tuple[Share, ...] = ()

    @property
    def before(self) -> tuple[Piece, ...]:
        """Return the bar of the shares before."""
        return _pieces([share.before for share in self.shares])

    @property
    def after(self) -> tuple[Piece, ...]:
        """Return the bar of the shares after."""
        return _pieces([share.after for share in self.shares])


def changes_of(events: Iterable[Event]) -> tuple[Change, ...]:
    """Return the changes of resources among events of the mesh chain, in their order."""
    return tuple(found for event in events if (found := _change(event)) is not None)


def _change(event: Event) -> Change | None:
    match event:
        case ResourceAdded():
            return Change(VERBS[ResourceAdded], event.key, event.path)
        case ResourceRemoved():
            return Change(VERBS[ResourceRemoved], event.key)
        case ResourceChanged():
            fields = tuple(map(_field, event.fields))
            return Change(VERBS[ResourceChanged], event.key, event.path, fields)
        case TrafficShifted():
            shares = _shares(event.weights)
            return Change(VERBS[TrafficShifted], event.key, event.path, shares=shares)
    return None


def _field(change: FieldChange) -> Field:
    return Field(change.where.removeprefix("$."), _value(change.before), _value(change.after))


def _value(value: Json) -> str:
    if value is None:
        return _ABSENT
    return value if isinstance(value, str) else canonical(value)


def _shares(weights: tuple[WeightChange, ...]) -> tuple[Share, ...]:
    before = sum(each.before for each in weights)
    after = sum(each.after for each in weights)
    return tuple(
        Share(
            each.virtual_node + (f":{each.port}" if each.port else ""),
            _percent(each.before, before),
            _percent(each.after, after),
        )
        for each in weights
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def _pieces(shares: list[float]) -> tuple[Piece, ...]:
    found, begin = [], 0.0
    for number, share in enumerate(shares, 1):
        if share:
            found.append(Piece((number - 1) % 5 + 1, round(begin, 1), share))
        begin += share
    return tuple(found)
