"""Permissions: which resources a caller may read and write. Pure.

A pattern is a resource key whose names may contain ``*`` for any characters:
``mesh/shop/virtualNode/cart-*``. It covers that resource and everything inside it, so ``mesh/shop``
covers a whole mesh; ``*`` alone covers everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Self

from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey

EVERYTHING: Final = "*"
_WORDS: Final = frozenset(
    {("mesh",)}
    | {("mesh", kind.within or kind.segment) for kind in Kind if kind is not Kind.MESH}
    | {("mesh", kind.within, kind.segment) for kind in Kind if kind.within}
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of resources, written as a key with ``*`` in names."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a pattern.

        :raises UsageError: the pattern can cover no resource.
        """
        parts = text.split("/")
        named = len(parts) % 2 == 0 and all(parts) and tuple(parts[::2]) in _WORDS
        if text != EVERYTHING and not named:
            raise UsageError(
                f"{text!r} covers no resource",
                hint="write *, mesh/shop (all of a mesh), mesh/shop/virtualNode/cart-* or "
                "mesh/shop/virtualRouter/cart (with its routes)",
            )
        return cls(text)

    @property
    def mesh(self) -> str:
        """Return the mesh part of the pattern; ``*`` if it covers all meshes."""
        return EVERYTHING if self.text == EVERYTHING else self.text.split("/")[1]

    def covers(self, key: ResourceKey) -> bool:
        """Return whether the pattern matches a resource, or a resource that contains it."""
        return self._depth(key) == len(self._parts)

    def reaches(self, key: ResourceKey) -> bool:
        """Return whether the pattern covers a resource, or may cover a resource inside it."""
        return self._depth(key) == min(len(self._parts), len(_segments(key)))

    def _depth(self, key: ResourceKey) -> int:
        """Return the number of leading segments that match."""
        pairs = zip(self._parts, _segments(key), strict=False)
        for depth, (part, segment) in enumerate(pairs):
            if not _matches(part, segment):
                return depth
        return min(len(self._parts), len(_segments(key)))

    @property
    def _parts(self) -> tuple[str, ...]:
        return () if self.text == EVERYTHING else tuple(self.text.split("/"))


def _segments(key: ResourceKey) -> tuple[str, ...]:
    return tuple(str(key).split("/"))


def _matches(part: str, segment: str) -> bool:
    """Return whether a segment matches; unlike with a regular expression, the time is linear."""
    first, *rest = part.split("*")
    if not rest:
        return part == segment
    *between, last = rest
    if len(first) + len(last) > len(segment):
        return False
    if not (segment.startswith(first) and segment.endswith(last)):
        return False
    at, end = len(first), len(segment) - len(last)
    for piece in between:
        found = segment.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


@dataclass(frozen=True, slots=True)
class Permission:
    """Permissions of one caller. Whoever may write a resource may read it.

    Every answer depends only on names and patterns, never on which resources exist, so a refusal
    reveals nothing.
    """

    read: tuple[Pattern, ...] = ()
    write: tuple[Pattern, ...] = ()
    meshes: frozenset[str] | None = None
    """Names of the meshes to which reading and writing are limited; ``None`` for no limit."""

    def may_read(self, key: ResourceKey) -> bool:
        """Return whether the caller may see a resource: describe it, list it, and find it named in
        errors and events.

        If a resource may be read, then also the resources that contain it, such as its mesh.
        """
        return self.reads_all or (
            self._includes(key.mesh) and any(each.reaches(key) for each in self._readable)
        )

    def may_write(self, key: ResourceKey) -> bool:
        """Return whether the caller may create, change and delete a resource."""
        return self._includes(key.mesh) and any(each.covers(key) for each in self.write)

    def may_write_something(self) -> bool:
        """Return whether there may be a resource that the caller may change."""
        return bool(self.write) and self.meshes != frozenset()

    def may_know_mesh(self, mesh: str) -> bool:
        """Return whether the caller may know the name of a mesh: a resource in it may be read."""
        return self.may_read(ResourceKey.of_mesh(mesh))

    def reads_mesh(self, mesh: str) -> bool:
        """Return whether the caller may read all resources in a mesh."""
        key = ResourceKey.of_mesh(mesh)
        return self._includes(mesh) and any(each.covers(key) for each in self._readable)

    @property
    def reads_all(self) -> bool:
        """True if the caller may read everything, including facts about the repository as a
        whole."""
        return self.meshes is None and any(each.text == EVERYTHING for each in self._readable)

    @property
    def writes_all(self) -> bool:
        """True if the caller may write everything, including changes of the branch as a whole."""
        return self.meshes is None and any(each.text == EVERYTHING for each in self.write)

    def may_read_all(self, keys: Iterable[ResourceKey]) -> bool:
        """Return whether the caller may read each of these resources."""
        return self.reads_all or all(map(self.may_read, keys))

    def limited_to(self, meshes: Iterable[str]) -> "Permission":
        """Return the permission for these meshes only; unchanged if ``meshes`` is empty."""
        names = frozenset(meshes)
        return replace(self, meshes=names) if names else self

    def _includes(self, mesh: str) -> bool:
        return self.meshes is None or mesh in self.meshes

    @property
    def _readable(self) -> tuple[Pattern, ...]:
        return (*self.read, *self.write)


_ALL: Final = (Pattern(EVERYTHING),)
READ_ALL: Final = Permission(read=_ALL)
WRITE_ALL: Final = Permission(read=_ALL, write=_ALL)
NOTHING: Final = Permission()
