"""Snapshots: all resources of one proxy, serialised, versioned by content, immutable."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import ref

import betterproto2

from mesh.errors import Fatal
from xds.snapshots.resources import Encoded, Pool, ResourceSet, Selection, WrittenPart
from xds.translate.parts import Combined, Messages
from xds.translate.resources import Translation
from xds.type_urls import ENDPOINT, ORDER, ROUTE, SECRET, TypeUrl
from xds.wire.encode import encode


class InconsistentSnapshot(Fatal):
    """A resource refers to a resource that does not exist, because of a bug in the translation."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Snapshot:
    """The target configuration of a proxy: one resource set per type, possibly empty.

    Two snapshots built from equal resources hold identical sets; compare them by
    :meth:`same_as`.
    """

    sets: Mapping[TypeUrl, ResourceSet]
    _step: list[tuple["ref[Snapshot]", TypeUrl | None]] = field(default_factory=list, repr=False)

    def __getitem__(self, type_url: TypeUrl) -> ResourceSet:
        return self.sets[type_url]

    def same_as(self, other: "Snapshot") -> bool:
        """Return whether a proxy that has the other snapshot needs no update."""
        return all(self.sets[type_url] is other.sets.get(type_url) for type_url in self.sets)

    def one_change_from(self, before: "Snapshot") -> TypeUrl | None:
        """Return the only type that differs from ``before``, if it can be updated without other
        types: routes, or endpoints if none was removed. Else None."""
        # All proxies of a node change between the same two snapshots, so the result is cached.
        if not self._step or self._step[0][0]() is not before:
            self._step[:] = [(ref(before), self._one_change_from(before))]
        return self._step[0][1]

    def _one_change_from(self, before: "Snapshot") -> TypeUrl | None:
        changed = [t for t in self.sets if self.sets[t] is not before.sets.get(t)]
        if changed == [ROUTE]:
            return ROUTE
        if changed == [ENDPOINT]:
            old, new = before.sets[ENDPOINT].by_name, self.sets[ENDPOINT].by_name
            return ENDPOINT if old.keys() <= new.keys() else None
        return None

    @property
    def versions(self) -> Mapping[TypeUrl, str]:
        """The version of each type."""
        return {type_url: resources.version for type_url, resources in self.sets.items()}

    @property
    def version(self) -> str:
        """Version of the whole snapshot: equal for equal content, in every process."""
        versions = "\0".join(f"{t}\0{version}" for t, version in sorted(self.versions.items()))
        return hashlib.sha256(versions.encode()).hexdigest()[:16]


def build_snapshot(pool: Pool, translation: Translation) -> Snapshot:
    """Serialise a translation. What was serialised for another proxy is not serialised again.

    :raises InconsistentSnapshot: a referenced name is missing, or a name occurs twice.
    """
    parts = _parts(pool, translation)
    types: tuple[TypeUrl, ...] = ORDER
    if len(parts) == 1 and len(parts[0].selections) > len(ORDER):
        types = (*ORDER, *sorted(parts[0].selections.keys() - set(ORDER)))
    snapshot = Snapshot({each: _joined(pool, each, parts) for each in types})
    if any(part.dangling for part in parts):
        check(snapshot)
    return snapshot


def collect(pool: Pool, type_url: TypeUrl, translation: Translation) -> ResourceSet:
    """Serialise the resources of one type.

    :raises InconsistentSnapshot: a name occurs twice.
    """
    return _joined(pool, type_url, _parts(pool, translation))


def _parts(pool: Pool, translation: Translation) -> tuple[WrittenPart, ...]:
    if isinstance(translation, Combined):
        write = partial(_write_part, pool)
        return tuple(pool.parts.get(part, write) for part in translation.parts)
    return (_write_all(pool, translation),)


def _write_part(pool: Pool, part: Any) -> WrittenPart:
    return _write_all(pool, part.messages())


def _write_all(pool: Pool, translation: Mapping[TypeUrl, Messages]) -> WrittenPart:
    selections = dict[TypeUrl, Selection]()
    for type_url, messages in translation.items():
        write = partial(_write, pool, type_url)
        resources = (pool.written.get(message, write) for message in messages)
        selections[type_url] = tuple(sorted(resources, key=lambda resource: resource.name))
    needs = (each.needs for selection in selections.values() for each in selection)
    there = {(t, each.name) for t, selection in selections.items() for each in selection}
    return WrittenPart(selections, frozenset().union(*needs).difference(there), {})


def _joined(pool: Pool, type_url: TypeUrl, parts: tuple[WrittenPart, ...]) -> ResourceSet:
    """Return the resources of a type in all parts, of which there are one or two."""
    first = parts[0]
    selection = first.selections.get(type_url, ())
    if len(parts) == 1:
        return _set_of(pool, type_url, selection)
    [other] = parts[1:]
    more = other.selections.get(type_url, ())
    known = first.joined.get(type_url)
    # Most types do not change: comparing their resources is faster than finding their set.
    if known is not None and known[0] == more:
        pool.touch(known[1])
        return known[1]
    found = _set_of(pool, type_url, _merged(type_url, selection, more))
    first.joined[type_url] = more, found
    return found


def _set_of(pool: Pool, type_url: TypeUrl, selection: Selection) -> ResourceSet:
    try:
        return pool.ordered(type_url, selection)
    except ValueError as error:
        # Clients refuse a response with duplicate names.
        raise InconsistentSnapshot(str(error)) from None


def _merged(type_url: TypeUrl, some: Selection, more: Selection) -> Selection:
    if not some or not more:
        return some or more
    # Nearly always all names of one part come before all names of the other.
    if some[-1].name < more[0].name:
        return some + more
    if more[-1].name < some[0].name:
        return more + some
    if type_url == SECRET:
        more = tuple(each for each in more if each not in some)
    return tuple(sorted(some + more, key=lambda resource: resource.name))


def _write(pool: Pool, type_url: TypeUrl, message: Any) -> Encoded:
    return pool.resource(type_url, resource_name(type_url, message), encode(message))


def check(snapshot: Snapshot) -> None:
    """Check that every referenced route configuration, cluster and endpoint set exists.

    :raises InconsistentSnapshot: one of them does not exist.
    """
    for resources in snapshot.sets.values():
        for resource in resources.all:
            for type_url, name in sorted(resource.needs):
                if name not in snapshot[type_url].by_name:
                    kind, missing = _short(resource.type_url), _short(type_url)
                    raise InconsistentSnapshot(
                        f"{kind} {resource.name!r} needs {missing} {name!r}, which is not there"
                    )


def resource_name(type_url: TypeUrl, message: betterproto2.Message) -> str:
    """Return the name under which clients subscribe to a resource."""
    # Only endpoint sets have their name in another field.
    return str(getattr(message, "cluster_name" if type_url == ENDPOINT else "name"))


def _short(type_url: TypeUrl) -> str:
    return type_url.rpartition(".")[2]
