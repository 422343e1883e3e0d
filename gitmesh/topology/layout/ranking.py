"""Columns: every edge goes to a later one, and resources of one kind stand below one another."""

from collections.abc import Sequence

from gitmesh.topology.layout.levels import levels

Pair = tuple[int, int]


def without_cycles(count: int, edges: Sequence[Pair]) -> tuple[list[Pair], frozenset[Pair]]:
    """Return the edges with those that close a cycle reversed, and these, as they were given.

    Vertices are searched depth first: those that nobody calls first, the others in their order.
    Edges from a vertex to itself are left out.
    """
    following = _following(count, edges)
    called = {target for source, target in edges if source != target}
    state = [0] * count  # 1: on the way that is searched; 2: done
    closing: set[Pair] = set()
    for root in sorted(range(count), key=lambda vertex: vertex in called):
        if not state[root]:
            closing.update(_closing(root, following, state))
    straight = dict.fromkeys(
        (target, source) if (source, target) in closing else (source, target)
        for source, target in edges
        if source != target
    )
    return list(straight), frozenset(closing)


def _following(count: int, edges: Sequence[Pair]) -> list[list[int]]:
    following: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        if source != target:
            following[source].append(target)
    return following


def _closing(root: int, following: list[list[int]], state: list[int]) -> list[Pair]:
    """Search from a vertex; return the edges that lead back to the way that led there."""
    found: list[Pair] = []
    state[root] = 1
    way = [(root, iter(following[root]))]
    while way:
        vertex, rest = way[-1]
        for target in rest:
            if state[target] == 1:
                found.append((vertex, target))
            elif not state[target]:
                state[target] = 1
                way.append((target, iter(following[target])))
                break
        else:
            state[vertex] = 2
            way.pop()
    return found


def ranks(classes: Sequence[int], cycle: int, edges: Sequence[Pair]) -> list[int]:
    """Return the column of each vertex, of edges without a cycle; the first has number 0.

    Resources of one class stand in the same columns, every ``cycle`` columns, as long as none of
    them is empty: empty ones are left out. Edges are as short as that allows.
    """
    bounds = [(left, right, int(classes[right] <= classes[left])) for left, right in edges]
    found = levels(len(classes), bounds)
    columns = [level * cycle + own for level, own in zip(found, classes, strict=True)]
    filled = {column: at for at, column in enumerate(sorted(set(columns)))}
    return [filled[column] for column in columns]
