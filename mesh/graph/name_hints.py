"""Hints for names that do not exist: the most similar existing name."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from mesh.graph.finding import kind_words
from mesh.keys import APP_MESH_KINDS, Kind, ResourceKey
from mesh.problems.suggestion import did_you_mean

MOST_HINTS = 100
"""Maximum names in one report for which a hint is searched; others keep the rule's own hint."""

_SMALL = 40
"""Maximum number of names that are all compared."""
_NEAR = 6
"""Number of neighbours that are compared if there are more names, before and after the position in
both sort orders."""


class Names:
    """All names in a mesh, indexed for the search of similar ones.

    The cost of a hint does not grow with the mesh. A similar name has the same beginning or the
    same end as the mistaken one, so it is near in a list that is sorted from that end.
    """

    def __init__(self, keys: Iterable[ResourceKey]) -> None:
        self._keys = frozenset(keys)
        self._meshes = sorted({key.mesh for key in self._keys if key.kind is Kind.MESH})
        self._forward: dict[tuple[str, Kind, str], list[str]] = {}
        for key in self._keys:
            self._forward.setdefault(_place(key), []).append(key.name)
        for names in self._forward.values():
            names.sort()
        self._backward: dict[tuple[str, Kind, str], list[str]] = {}
        self._asked: dict[ResourceKey, str] = {}

    def hint(self, wanted: ResourceKey) -> str:
        """Return a hint for a name that does not exist, such as ``did you mean "cart-v1"?``; or
        ``""``."""
        if wanted not in self._asked:
            if len(self._asked) >= MOST_HINTS:
                return ""
            self._asked[wanted] = self._elsewhere(wanted) or self._similar(wanted)
        return self._asked[wanted]

    def _elsewhere(self, wanted: ResourceKey) -> str:
        if wanted.kind is Kind.MESH:
            return ""
        # Cloud Map services, nodes and routers often have the same names.
        for kind in APP_MESH_KINDS if wanted.kind in APP_MESH_KINDS else ():
            key = ResourceKey(wanted.mesh, kind, "", wanted.name)
            if kind is not Kind.MESH and key in self._keys:
                return f'"{wanted.name}" is the name of a {kind_words(kind)}'
        for mesh in self._meshes:
            if ResourceKey(mesh, wanted.kind, wanted.parent, wanted.name) in self._keys:
                return f'mesh "{mesh}" has a {kind_words(wanted.kind)} "{wanted.name}"'
        return ""

    def _similar(self, wanted: ResourceKey) -> str:
        return did_you_mean(wanted.name, self._neighbours(wanted))

    def _neighbours(self, wanted: ResourceKey) -> list[str]:
        names = self._meshes if wanted.kind is Kind.MESH else self._forward.get(_place(wanted), [])
        if len(names) <= _SMALL:
            return names
        backward = self._backward.setdefault(_place(wanted), sorted(name[::-1] for name in names))
        ends = [name[::-1] for name in _around(backward, wanted.name[::-1])]
        return sorted({*_around(names, wanted.name), *ends})


def _around(names: Sequence[str], name: str) -> Sequence[str]:
    at = bisect_left(names, name)
    return names[max(0, at - _NEAR) : at + _NEAR]


def _place(key: ResourceKey) -> tuple[str, Kind, str]:
    return (key.mesh, key.kind, key.parent)
