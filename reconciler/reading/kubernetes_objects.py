"""Kubernetes objects across files: files whose resources change when other files do. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from mesh.keys import ResourceKey
from mesh.kubernetes.index import Index, updated
from mesh.kubernetes.lookup import Lookup
from mesh.kubernetes.objects import Manifest
from mesh.kubernetes.resolve import Budget, Resolved, TooManyBackends, resolve
from mesh.resource import Resource
from reconciler.reading.file import SpecFile
from reconciler.reading.listing import TooLarge
from reconciler.reading.scope import as_text

MAX_GROUPED: Final = 100_000
"""Maximum expanded members of backend groups of all virtual nodes together."""

_Changes = Mapping[str, SpecFile | None]


def resolved(
    files: Mapping[str, SpecFile], index: Index, changes: _Changes
) -> tuple[Index, _Changes]:
    """Return the updated index, and the changes with the resources of their objects.

    Unchanged files that depend on changed objects are included in the changes.

    :raises TooLarge: backend groups expand to more members than allowed.
    """
    old = {path: files[path] for path in changes if path in files}
    before, after = _manifests(old.values()), _manifests(changes.values())
    if not before and not after:
        return index, changes
    index, different = updated(index, changes.keys(), before, after)
    stale = {path for name in different for path in index.users.get(name, ())}
    everything = {**{path: files[path] for path in sorted(stale - changes.keys())}, **changes}
    read = {path: file for path, file in everything.items() if file is not None and file.reading}
    try:
        done = dict(_resolve_all(read, index, _grouped(files, everything)))
    except TooManyBackends:
        what = f"backend groups expand to more than {MAX_GROUPED} backends"
        path = _crossing({**files, **changes}, index)
        raise TooLarge(b"", f"{what}; {path} exceeds the limit") from None
    old |= {path: files[path] for path in done if path in files}
    index = index.with_uses(
        {path: file.seen for path, file in old.items()},
        {path: file.seen for path, file in done.items()},
    )
    return index, {**everything, **done}


def _manifests(files: Iterable[SpecFile | None]) -> list[Manifest]:
    readings = (file.reading for file in files if file is not None)
    return [manifest for reading in readings if reading for manifest in reading.manifests]


def _grouped(files: Mapping[str, SpecFile], but: _Changes) -> int:
    return sum(file.grouped for path, file in files.items() if file.grouped and path not in but)


def _resolve_all(
    files: Mapping[str, SpecFile], index: Index, grouped: int
) -> Iterator[tuple[str, SpecFile]]:
    lookup, budget = Lookup(index), Budget(MAX_GROUPED - grouped)
    for path, file in files.items():
        if file.reading is None:
            continue
        yield path, _with(file, resolve(file.reading.manifests, lookup, budget))


def _crossing(files: _Changes, index: Index) -> str:
    """Return the first file, in path order, at which the expanded backend groups exceed the
    limit."""
    lookup, budget = Lookup(index), Budget(MAX_GROUPED)
    for path in sorted(files):
        file = files[path]
        if file is None or file.reading is None:
            continue
        try:
            resolve(file.reading.manifests, lookup, budget)
        except TooManyBackends:
            return as_text(path.encode("utf-8", "surrogateescape"))
    return "one of them"


def _with(file: SpecFile, found: Resolved) -> SpecFile:
    reading = file.reading
    assert reading is not None  # noqa: S101 -- only such files are resolved
    known = {resource.key: resource for resource in file.resources}
    fresh = (_kept(resource, known) for resource in found.resources)
    return replace(
        file,
        resources=(*reading.resources, *fresh),
        problems=(*reading.problems, *found.problems),
        unread=(*reading.unread, *found.unread),
        seen=found.seen,
        grouped=found.grouped,
    )


def _kept(resource: Resource, known: Mapping[ResourceKey, Resource]) -> Resource:
    """Return the previous resource object if it is equal, so that the graph need not compare
    them."""
    before = known.get(resource.key)
    if before is None or before != resource:
        return resource
    return before if before.source.places == resource.source.places else resource
