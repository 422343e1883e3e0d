"""Search of resources by a part of their name."""

from gitmesh.topology.model import Topology
from mesh.keys import ResourceKey

MOST = 20


def found(whole: Topology, text: str, most: int = MOST) -> tuple[ResourceKey, ...]:
    """Return the vertices and rows whose name contains a text, in any case.

    A name that is equal comes first, then names that begin with the text, then the others; among
    equals, by key. An empty text finds nothing.
    """
    wanted = text.strip().lower()
    if not wanted:
        return ()
    keys = [each.key for each in whole.vertices]
    keys += [row.key for each in whole.vertices for row in each.rows]
    ranked = [(rank, key) for key in keys if (rank := _rank(key, wanted)) is not None]
    return tuple(key for _, key in sorted(ranked)[:most])


def _rank(key: ResourceKey, wanted: str) -> int | None:
    name = key.name.lower()
    if wanted in (name, str(key).lower()):
        return 0
    if name.startswith(wanted):
        return 1
    return 2 if wanted in name or wanted in str(key).lower() else None
