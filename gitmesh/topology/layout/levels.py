"""Levels of vertices with the shortest edges in sum: the network simplex method.

(Gansner, Koutsofios, North and Vo 1993, section 2.)
"""

from collections.abc import Sequence
from typing import Final

Bound = tuple[int, int, int]
"""A source, a target, and the least number of levels between them."""

_WORK: Final = 200_000
"""Steps after which the levels are taken as they are; large meshes only."""


def levels(count: int, bounds: Sequence[Bound]) -> list[int]:
    """Return a level for each vertex, at least 0, such that all bounds hold.

    The sum of the differences is the least one for up to some hundred vertices; above, it is near.

    :param bounds: without a cycle; they connect all vertices.
    """
    if not bounds:
        return [0] * count
    found = _Levels(count, bounds)
    found.settle()
    lowest = min(found.level)
    return [level - lowest for level in found.level]


class _Levels:
    def __init__(self, count: int, bounds: Sequence[Bound]) -> None:
        self._bounds = bounds
        self._touching: list[list[int]] = [[] for _ in range(count)]
        self._surplus = [0] * count
        for at, (source, target, _) in enumerate(bounds):
            self._touching[source].append(at)
            self._touching[target].append(at)
            self._surplus[source] += 1
            self._surplus[target] -= 1
        self.level = self._longest_path()
        self._tree = self._tight_tree()

    def settle(self) -> None:
        """Exchange edges of the tree as long as that makes edges shorter in sum."""
        for _ in range(_WORK // (len(self.level) + len(self._bounds)) + 1):
            leaving = self._leaving()
            if leaving is None:
                return
            at, tail = leaving
            entering = min(
                (
                    each
                    for each, (s, t, _) in enumerate(self._bounds)
                    if t in tail and s not in tail
                ),
                key=self._slack,
            )
            by = self._slack(entering)
            for vertex in tail:
                self.level[vertex] -= by
            self._tree.remove(at)
            self._tree.add(entering)

    def _slack(self, at: int) -> int:
        source, target, least = self._bounds[at]
        return self.level[target] - self.level[source] - least

    def _other(self, at: int, vertex: int) -> int:
        source, target, _ = self._bounds[at]
        return target if vertex == source else source

    def _longest_path(self) -> list[int]:
        level = [0] * len(self._touching)
        waiting = [0] * len(level)
        for _, target, _ in self._bounds:
            waiting[target] += 1
        ready = [vertex for vertex, number in enumerate(waiting) if not number]
        for vertex in ready:  # grows while it is read
            for at in self._touching[vertex]:
                source, target, least = self._bounds[at]
                if source == vertex:
                    level[target] = max(level[target], level[vertex] + least)
                    waiting[target] -= 1
                    if not waiting[target]:
                        ready.append(target)
        return level

    def _tight_tree(self) -> set[int]:
        """Return edges without slack that connect all vertices; move vertices until there are."""
        inside, tree, pending = {0}, set[int](), [0]
        while True:
            while pending:
                vertex = pending.pop()
                for at in self._touching[vertex]:
                    other = self._other(at, vertex)
                    if other not in inside and not self._slack(at):
                        inside.add(other)
                        tree.add(at)
                        pending.append(other)
            if len(inside) == len(self.level):
                return tree
            crossing = (
                a for a, (s, t, _) in enumerate(self._bounds) if (s in inside) != (t in inside)
            )
            nearest = min(crossing, key=self._slack)
            by = self._slack(nearest)
            forward = self._bounds[nearest][0] in inside
            for vertex in inside:
                self.level[vertex] += by if forward else -by
            pending = sorted(inside)

    def _leaving(self) -> tuple[int, set[int]] | None:
        """Return an edge of the tree that should be longer, and the vertices on its source's side.

        Without the edge, the tree has two halves. If more edges lead back from the target's half
        than go there, it pays to move the halves apart.
        """
        order, way = self._walk()
        sums = list(self._surplus)
        for vertex in reversed(order[1:]):
            at = way[vertex]
            below_is_source = self._bounds[at][0] == vertex
            if (sums[vertex] if below_is_source else -sums[vertex]) < 0:
                below = self._below(vertex, at)
                return at, below if below_is_source else set(order) - below
            sums[self._other(at, vertex)] += sums[vertex]
        return None

    def _walk(self) -> tuple[list[int], dict[int, int]]:
        """Return all vertices from the root of the tree on, and the edge that leads to each."""
        order, way = [0], {0: -1}
        for vertex in order:  # grows while it is read
            for at in self._touching[vertex]:
                if at in self._tree and (other := self._other(at, vertex)) not in way:
                    way[other] = at
                    order.append(other)
        return order, way

    def _below(self, vertex: int, above: int) -> set[int]:
        found, pending = {vertex}, [vertex]
        while pending:
            each = pending.pop()
            for at in self._touching[each]:
                if (
                    at in self._tree
                    and at != above
                    and (other := self._other(at, each)) not in found
                ):
                    found.add(other)
                    pending.append(other)
        return found
