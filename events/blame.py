"""Blame: the event that gave each field of a resource its value. Pure.

``git blame`` works by line, so reformatting or moving a file changes the answer. This module
compares field values, wherever they are written. Items of a list are identified by their name, so a
target that moves in its list stays the same target.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from events.types import CommitId, Seq
from mesh.canonical import Json, JsonObject
from mesh.keys import ResourceKey

Path = tuple[str, ...]

_NAMES: Final = ("virtualNode", "name", "key", "id", "virtualServiceName")
"""Fields that identify an item of a list."""


@dataclass(frozen=True, slots=True)
class Version:
    """A resource's spec from one event to the next; ``spec`` is ``None`` while it did not exist."""

    since: Seq
    commit: CommitId
    spec: JsonObject | None


@dataclass(frozen=True, slots=True)
class Present:
    """A resource that exists now."""

    key: ResourceKey
    since: Seq
    """The event that gave the resource its current spec or file."""
    spec: JsonObject


@dataclass(frozen=True, slots=True)
class Blamed:
    """A field with the version that gave it its value."""

    field: str
    """``httpRoute.action.weightedTargets[cart-v2].weight``."""
    value: Json
    since: Seq
    commit: CommitId
    before: Json
    """The previous value; ``None`` if there was none."""


def blame(versions: Iterable[Version]) -> tuple[Blamed, ...]:
    """Return every field of the newest version, in the order of the spec.

    ``versions`` come newest first, without gaps; only as many are read as needed.
    """
    walk = iter(versions)
    newest = next(walk, None)
    if newest is None or newest.spec is None:
        return ()
    open_fields = dict(_leaves(newest.spec))
    order = list(open_fields)
    found: dict[Path, Blamed] = {}
    later = newest
    for earlier in walk:
        _settle(open_fields, found, later, earlier)
        if not open_fields or earlier.spec is None:
            break
        later = earlier
    _settle(open_fields, found, later, Version(Seq(0), CommitId(""), None))
    return tuple(found[path] for path in order)


def _settle(
    open_fields: dict[Path, Json], found: dict[Path, Blamed], later: Version, earlier: Version
) -> None:
    """Blame the later version for fields that differ or are missing in the earlier version."""
    had = {} if earlier.spec is None else dict(_leaves(earlier.spec))
    for path in [p for p, value in open_fields.items() if p not in had or had[p] != value]:
        value = open_fields.pop(path)
        found[path] = Blamed(text(path), value, later.since, later.commit, had.get(path))


def _leaves(value: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    parts = _parts(value)
    if not parts:
        yield path, value
        return
    for name, inner in parts.items():
        yield from _leaves(inner, (*path, name))


def _parts(value: Json) -> Mapping[str, Json] | None:
    """Return the members of a value by name; none for a scalar."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        named = [(_name(item), item) for item in value]
        if len({name for name, _ in named}) == len(named) and all(name for name, _ in named):
            return {f"[{name}]": item for name, item in named}
        return {f"[{number}]": item for number, item in enumerate(value)}
    return None


def _name(item: Json) -> str:
    """Return the identifying name of a list item, or "" if only its position identifies it."""
    if isinstance(item, str):
        return item
    if not isinstance(item, dict):
        return ""
    mapping = item.get("portMapping")
    if isinstance(mapping, dict):
        return str(mapping.get("port", ""))
    if len(item) == 1:
        (inner,) = item.values()
        if isinstance(inner, dict):
            return _name(inner)
    name = next((str(item[key]) for key in _NAMES if item.get(key) is not None), "")
    port = item.get("port")
    return f"{name}:{port}" if name and port is not None else name


def text(path: Path) -> str:
    """Return a path in readable form: ``httpRoute.action.weightedTargets[cart-v2].weight``.

    The empty path is ``spec``.
    """
    return ".".join(path).replace(".[", "[") or "spec"


def within(field: str, wanted: str) -> bool:
    """Return whether a field is the requested one or part of it; an empty request matches all."""
    if not wanted or field == wanted:
        return True
    return field.startswith((f"{wanted}.", f"{wanted}["))
