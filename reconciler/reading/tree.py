"""The specs of one commit: its files, their resources, and the linked graph. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from mesh.keys import ResourceKey
from mesh.kubernetes.index import EMPTY as EMPTY_INDEX
from mesh.kubernetes.index import Index
from mesh.linking import EMPTY as EMPTY_GRAPH
from mesh.linking import MeshGraph, relink, with_settings
from mesh.problems.problem import Problem, Severity
from mesh.resource import Resource
from mesh.settings import DEFAULT_SETTINGS, RepositorySettings
from reconciler.reading.file import SpecFile
from reconciler.reading.kubernetes_objects import resolved
from reconciler.reading.listing import Entry
from reconciler.reading.route_tests import failed_tests
from reconciler.reading.source import ObjectId
from reconciler.reading.unreadable_file import with_files_that_may_hold_it

FileChanges = Mapping[str, SpecFile | None]
"""New content of files by path; None for a removed file."""

_Repeated = Mapping[ResourceKey, tuple[Resource, ...]]


@dataclass(frozen=True)
class Listing:
    """The git tree from which the files of a :class:`SpecTree` were read, and the settings that
    applied."""

    tree: ObjectId | None = None
    settings: RepositorySettings = DEFAULT_SETTINGS
    settings_entry: Entry | None = None
    entries: int = 0
    """Files and folders in scope."""


@dataclass(frozen=True)
class SpecTree:
    """All specs of one commit. Immutable; invalid commits are represented, too.

    Everything except ``listing`` and ``faults`` is a function of ``files`` and settings: it does
    not depend on the steps that led here.
    """

    files: Mapping[str, SpecFile] = field(default_factory=dict)
    graph: MeshGraph = EMPTY_GRAPH
    """The linked graph. If a resource is defined several times, the first definition by path
    counts."""
    listing: Listing = Listing()
    faults: tuple[Problem, ...] = ()
    """Reasons why the commit could not be read. If there are any, ``files`` are those of an earlier
    commit."""
    size: int = 0
    """Bytes of all files read."""
    documents: int = 0
    """Number of resources in all files, including repeated ones."""
    failed: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict, repr=False)
    """Problems of failing route tests, by the path of each file with tests."""
    index: Index = field(default=EMPTY_INDEX, repr=False, compare=False)
    """The Kubernetes objects of all files."""
    _repeated: _Repeated = field(default_factory=dict, repr=False)
    """All definitions of resources that are defined several times, by path and position."""
    _noted: frozenset[str] = field(default=frozenset(), repr=False)
    """Paths of files with problems."""
    _by_fold: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """Paths by their case-folded form, for file systems that ignore case."""

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All problems of this commit, sorted by position."""
        if self.faults:
            return self.faults
        found = {*self._found()}
        # Route tests on a mesh with errors would mean nothing.
        if not any(problem.severity is Severity.ERROR for problem in found):
            found.update(*self.failed.values())
        return tuple(sorted(with_files_that_may_hold_it(found)))

    @property
    def errors(self) -> int:
        """Number of errors in single files."""
        found = (problem for path in self._noted for problem in self.files[path].problems)
        return sum(problem.severity is Severity.ERROR for problem in found)

    def _found(self) -> Iterator[Problem]:
        for path in self._noted:
            yield from self.files[path].problems
        for resources in self._repeated.values():
            yield from _repetitions(resources)
        yield from self._collisions()
        unread = {key for path in self._noted for key in self.files[path].unread}
        yield from self.graph.problems_but(unread) if unread else self.graph.problems
        if not self.documents and not self._noted:
            yield _NO_SPECS

    def _collisions(self) -> Iterator[Problem]:
        for paths in self._by_fold.values() if self._has_collisions else ():
            for path in paths[1:]:
                yield _collision(path, paths[0])

    def holds_only(self, path: str) -> bool:
        """Return whether no other path is equal to this one except for case."""
        return self._by_fold.get(path.casefold(), (path,)) == (path,)

    @property
    def _has_collisions(self) -> bool:
        return len(self._by_fold) != len(self.files)

    def unreadable(self, faults: Iterable[Problem]) -> "SpecTree":
        """Return this tree with only these problems; the next tree can be read incrementally from
        it."""
        return replace(self, faults=tuple(sorted(faults)))


EMPTY: Final = SpecTree()

_NO_SPECS: Final = Problem(
    "",
    0,
    "$",
    "no-specs",
    "the repository contains no specs: the mesh is empty",
    "specs are files named *.yaml, *.yml or *.json; see root and ignore in gitmesh.yaml",
    Severity.WARNING,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A tree, and the keys that may differ from the previous one."""

    tree: SpecTree
    touched: frozenset[ResourceKey]


def advance(tree: SpecTree, changes: FileChanges, listing: Listing = Listing()) -> SpecTree:
    """Return the tree after files have changed. The given tree stays unchanged.

    The result is the same as if all files were read at once, whatever the sequence of advances. The
    cost is proportional to the changed files and their dependents by Kubernetes references, apart
    from flat copies of indexes.

    :raises TooLarge: backend groups expand to more members than allowed.
    """
    return step(tree, changes, listing).tree


def step(tree: SpecTree, changes: FileChanges, listing: Listing = Listing()) -> Step:
    """Advance a tree like :func:`advance`; also return the keys that may differ.

    :raises TooLarge: backend groups expand to more members than allowed.
    """
    if not changes:
        graph = with_settings(tree.graph, listing.settings.mesh)
        return Step(replace(tree, graph=graph, listing=listing, faults=()), frozenset())
    index, changes = resolved(tree.files, tree.index, changes)
    old = [file for path in changes if (file := tree.files.get(path)) is not None]
    new = [file for file in changes.values() if file is not None]
    keys = frozenset(resource.key for file in (*old, *new) for resource in file.resources)
    defined = _defined(tree, keys, changes)
    winners = {key: found[0] if found else None for key, found in defined.items()}
    repeated = {key: found for key, found in tree._repeated.items() if key not in keys}
    graph = with_settings(relink(tree.graph, winners), listing.settings.mesh)
    after = SpecTree(
        files=_updated(tree.files, changes),
        graph=graph,
        failed=failed_tests(tree.failed, tree.files, changes, tree.graph, graph, keys),
        listing=listing,
        size=tree.size + sum(f.size for f in new) - sum(f.size for f in old),
        documents=tree.documents + _documents(new) - _documents(old),
        _repeated=repeated | {key: found for key, found in defined.items() if len(found) > 1},
        _noted=(tree._noted - changes.keys()) | {p for p, f in changes.items() if f and f.problems},
        _by_fold=_fold(tree, changes),
        index=index,
    )
    return Step(after, keys)


def _documents(files: Iterable[SpecFile]) -> int:
    return sum(len(file.resources) for file in files)


def _updated(files: Mapping[str, SpecFile], changes: FileChanges) -> Mapping[str, SpecFile]:
    updated = dict(files)
    for path, file in changes.items():
        if file is None:
            updated.pop(path, None)
        else:
            updated[path] = file
    return updated


def _defined(
    tree: SpecTree, keys: frozenset[ResourceKey], changes: FileChanges
) -> dict[ResourceKey, tuple[Resource, ...]]:
    """Return every definition of each key after the change; the first one counts."""
    fresh: dict[ResourceKey, list[Resource]] = {key: [] for key in keys}
    for file in changes.values():
        for resource in file.resources if file else ():
            fresh[resource.key].append(resource)
    for key, found in fresh.items():
        found += (r for r in _definitions(tree, key) if r.source.path not in changes)
        # A stable sort by path keeps the problems of one file in their order.
        found.sort(key=lambda resource: resource.source.path)
    return {key: tuple(found) for key, found in fresh.items()}


def _definitions(tree: SpecTree, key: ResourceKey) -> tuple[Resource, ...]:
    single = tree.graph.resources.get(key)
    return tree._repeated.get(key) or ((single,) if single is not None else ())


def _fold(tree: SpecTree, changes: FileChanges) -> Mapping[str, tuple[str, ...]]:
    if all((path in tree.files) == (file is not None) for path, file in changes.items()):
        return tree._by_fold
    by_fold = dict(tree._by_fold)
    for path, file in changes.items():
        name = path.casefold()
        others = {p for p in by_fold.pop(name, ()) if p != path}
        now = sorted(others | {path}) if file is not None else sorted(others)
        if now:
            by_fold[name] = tuple(now)
    return by_fold


def _repetitions(resources: tuple[Resource, ...]) -> Iterator[Problem]:
    first = resources[0].source
    for resource in resources[1:]:
        yield resource.source.problem(
            (),
            "duplicate-resource",
            f"{resource.key} is defined here and at {first.path}:{first.line(())}",
            hint="remove one of the two, or give it another name",
        )


def _collision(path: str, other: str) -> Problem:
    return Problem(
        path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        0,
        "$",
        "case-collision",
        f"{other} differs from this only in upper and lower case",
        "on file systems that ignore case one of the two disappears; rename it",
        Severity.WARNING,
    )
