"""A resource with its metadata, which is derived from the mesh chain."""

import hashlib
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final
from weakref import WeakKeyDictionary

from events.blame import Version
from events.store import EventReader
from events.types import START, Chain, Seq
from gitmesh.queries.commits import facts_of
from mesh.canonical import JsonObject, canonical
from mesh.keys import Kind, ResourceKey

_MOST_REMEMBERED: Final = 4_096
"""Descriptions that are kept in memory for each log."""


@dataclass(frozen=True, slots=True)
class Description:
    """A resource as it is at the head of the log."""

    key: ResourceKey
    spec: JsonObject
    version: int
    """Number of the resource's version, counted from 1 when it was added."""
    uid: str
    """Unique id; it differs from that of an earlier, removed resource with the same name."""
    created_at: float
    """Committer time of the commit that added the resource, in seconds since the epoch."""
    updated_at: float
    """Committer time of the commit that gave the resource its spec; never before ``created_at``."""


def describe(log: EventReader, key: ResourceKey) -> Description | None:
    """Return a resource; ``None`` if it does not exist now."""
    return _described(log, key, log.head(Chain.MESH).seq)


def last_description(log: EventReader, key: ResourceKey) -> Description | None:
    """Return a resource as it was before its last removal; ``None`` if it was never removed."""
    gone = next(log.versions(key, log.head(Chain.MESH).seq), None)
    return None if gone is None else _described(log, key, Seq(gone.since - 1))


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the resources in a collection."""

    items: tuple[Description, ...]
    """The resources, in the order of their keys' text."""
    more: bool
    """True if more resources follow."""


def page(
    log: EventReader,
    kind: Kind,
    mesh: str,
    parent: str,
    *,
    after: str = "",
    limit: int,
    visible: Callable[[ResourceKey], bool] = lambda _: True,
) -> Page:
    """Return the next resources of a kind in their mesh or parent.

    :param after: the key of the last resource of the previous page, in its string form.
    :param visible: returns whether a resource belongs to the list; pages are filled without the
        others.
    """
    present = _present(log, collection(kind, mesh, parent), after, limit + 1)
    found = list(islice(filter(visible, present), limit + 1))
    head = log.head(Chain.MESH).seq
    described = (_described(log, key, head) for key in found[:limit])
    return Page(tuple(each for each in described if each is not None), len(found) > limit)


def _present(log: EventReader, within: str, after: str, batch: int) -> Iterator[ResourceKey]:
    while True:
        found = log.present(within, after=after, limit=batch)
        yield from (each.key for each in found)
        if len(found) < batch:
            return
        after = str(found[-1].key)


def collection(kind: Kind, mesh: str, parent: str = "") -> str:
    """Return the common start of the keys in a collection: ``mesh/shop/virtualNode``."""
    if kind is Kind.MESH:
        return "mesh"
    return str(ResourceKey.of(kind, mesh, "x", parent)).rpartition("/")[0]


def _described(log: EventReader, key: ResourceKey, head: Seq) -> Description | None:
    found = _folded(log, key, head, _memory_of(log))
    return None if found is None else found.description


@dataclass(frozen=True, slots=True)
class _Folded:
    """A description, and the newest version from which it was computed."""

    description: Description
    newest: Seq
    at: Seq
    """The log position at which the description was current."""


class _Memory:
    """Cache of descriptions. A log never changes, so only newer versions are read.

    Thread-safe.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._found: OrderedDict[ResourceKey, _Folded] = OrderedDict()

    def get(self, key: ResourceKey) -> _Folded | None:
        with self._turn:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, found: _Folded) -> None:
        key = found.description.key
        with self._turn:
            before = self._found.get(key)
            if before is None or before.at < found.at:
                self._found[key] = found
            while len(self._found) > _MOST_REMEMBERED:
                self._found.popitem(last=False)


_memories: "WeakKeyDictionary[EventReader, _Memory]" = WeakKeyDictionary()
_memories_turn = threading.Lock()


def _memory_of(log: EventReader) -> _Memory:
    with _memories_turn:
        return _memories.setdefault(log, _Memory())


def _folded(log: EventReader, key: ResourceKey, head: Seq, memory: _Memory) -> _Folded | None:
    """Fold the versions since a resource was last added; earlier versions belong to another
    resource."""
    known, new, base = memory.get(key), list[Version](), None
    if known is not None and known.at == head:
        return known
    for version in log.versions(key, head):
        if version.spec is None:
            break
        if known is not None and version.since == known.newest:
            base = known
            break
        new.append(version)
    description = None if base is None else base.description
    newest = START if base is None else base.newest
    for version in reversed(new):
        description = _followed(log, key, description, version)
        newest = version.since
    if description is None:
        return None
    found = _Folded(description, newest, head)
    memory.put(found)
    return found


def _followed(
    log: EventReader, key: ResourceKey, before: Description | None, version: Version
) -> Description | None:
    """Return a description after one more version; an equal spec does not count as a new
    version."""
    spec = version.spec
    if spec is None:
        return None
    if before is None:
        at = _committed(log, version.since)
        return Description(key, spec, 1, _uid(log, key, version.since), at, at)
    if canonical(before.spec) == canonical(spec):
        return before
    at = max(before.updated_at, _committed(log, version.since))
    return replace(before, spec=spec, version=before.version + 1, updated_at=at)


def _committed(log: EventReader, seq: Seq) -> float:
    facts, _ = facts_of(log, seq)
    return datetime.fromisoformat(facts.committer.at).timestamp()


def _uid(log: EventReader, key: ResourceKey, added: Seq) -> str:
    [record] = log.read(Chain.MESH, after=Seq(added - 1), limit=1)
    digest = hashlib.sha256(f"{key}\n{record.hash}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
