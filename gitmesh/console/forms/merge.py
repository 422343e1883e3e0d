"""Three-way merge of two edits of one document, field by field.

What only one side changed is taken; what both changed differently is a collision, which a person
decides. Items of a list are compared one by one if both sides kept their number, else the list as
a whole. Parts whose fields mean something only together are never mixed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mesh.canonical import Json, JsonObject
from mesh.resource import Steps


class Side(StrEnum):
    """Source of a value."""

    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Collision:
    """A part that both sides changed, each to another value; None where it is absent."""

    steps: Steps
    base: Json
    theirs: Json
    mine: Json


@dataclass(frozen=True, slots=True)
class Merged:
    """Result of a merge."""

    document: JsonObject
    """Both sides' changes. A collision that is not decided has the value of ``mine``."""
    open: tuple[Collision, ...]
    """The collisions that nobody has decided yet, in order."""
    decided: tuple[Collision, ...]
    taken: tuple[Steps, ...]
    """Places at which only ``theirs`` was changed, and is taken."""


Picks = Mapping[Steps, Side]
"""Decisions by the place of the collision."""

_TOGETHER: Final = (
    frozenset({"value", "unit"}),
    frozenset({"start", "end"}),
    frozenset({"port", "protocol"}),
)
"""Fields that mean something only together: a duration, a range, a port."""
_NAMES: Final = ("virtualNode", "virtualService", "portMapping", "name", "id", "key")
"""Fields that tell which thing an item of a list describes."""


def merged(base: JsonObject, theirs: JsonObject, mine: JsonObject, picks: Picks = {}) -> Merged:  # noqa: B006
    """Return the merge of two documents that were both edited from ``base``."""
    work = _Merge(picks.get)
    found = work.value((), base, theirs, mine)
    document = found if isinstance(found, dict) else {}
    return Merged(document, tuple(work.open), tuple(work.decided), tuple(work.taken))


class _Merge:
    def __init__(self, pick: Callable[[Steps], Side | None]) -> None:
        self._pick = pick
        self.open: list[Collision] = []
        self.decided: list[Collision] = []
        self.taken: list[Steps] = []

    def value(self, steps: Steps, base: Json, theirs: Json, mine: Json) -> Json:
        if theirs in (mine, base):
            return mine
        if mine == base:
            self.taken.append(steps)
            return theirs
        if isinstance(theirs, dict) and isinstance(mine, dict):
            before = base if isinstance(base, dict) else {}
            if not any(map(_is_whole, (before, theirs, mine))):
                return self._object(steps, before, theirs, mine)
        if isinstance(base, list) and isinstance(theirs, list) and isinstance(mine, list):
            items = list(zip(base, theirs, mine, strict=False))
            same = len(base) == len(theirs) == len(mine)
            if same and all(_same_thing(*each) for each in items):
                return [self.value((*steps, at), *each) for at, each in enumerate(items)]
        return self._collide(Collision(steps, base, theirs, mine))

    def _object(
        self, steps: Steps, base: JsonObject, theirs: JsonObject, mine: JsonObject
    ) -> JsonObject:
        names = [*mine, *(name for name in theirs if name not in mine)]
        found = {
            name: self.value((*steps, name), base.get(name), theirs.get(name), mine.get(name))
            for name in names
        }
        return {name: value for name, value in found.items() if value is not None}

    def _collide(self, found: Collision) -> Json:
        side = self._pick(found.steps)
        (self.open if side is None else self.decided).append(found)
        return found.theirs if side is Side.THEIRS else found.mine


def _is_whole(value: JsonObject) -> bool:
    return bool(value) and any(value.keys() <= each for each in _TOGETHER)


def _same_thing(base: Json, theirs: Json, mine: Json) -> bool:
    """Return whether three items of a list describe the same thing, as far as they name one."""
    sides = [each if isinstance(each, dict) else {} for each in (base, theirs, mine)]
    named = [[side.get(name) for name in _NAMES] for side in sides]
    return named[0] == named[1] == named[2]
