"""Selection of the part of a topology that is drawn: a neighbourhood, the differences, or all."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gitmesh.topology.comparison import differing
from gitmesh.topology.grouping import grouped
from gitmesh.topology.model import Topology
from gitmesh.topology.neighbourhood import MOST, around, neighbourhood, vertex_of
from gitmesh.topology.services import by_service
from mesh.keys import Kind, ResourceKey

FULL_UP_TO: Final = 40
"""A mesh with more vertices is shown by service, unless asked otherwise."""
FULL_AT_MOST: Final = 200
"""Pages do not offer a picture of all vertices of a larger mesh."""


class Detail(StrEnum):
    """Detail in which a whole mesh is drawn."""

    AUTO = "auto"
    FULL = "full"
    SERVICES = "services"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class View:
    """A part of a topology, ready to be drawn."""

    topology: Topology
    detail: Detail
    """Detail that is shown; never ``AUTO``."""
    centre: ResourceKey | None = None
    """The resource that is looked at, which may be a row."""
    depth: int = 0
    """Of a neighbourhood: the calls in each direction that are shown."""


def whole_view(whole: Topology, detail: Detail = Detail.AUTO) -> View:
    """Return a whole mesh: all of it, by service, or what changes in its nearest context.

    By itself a comparison shows what changes, and a large mesh its services.
    """
    changed = differing(whole)
    if detail is Detail.AUTO:
        large = len(whole.vertices) > FULL_UP_TO
        detail = Detail.SERVICES if large else Detail.FULL
        detail = Detail.CHANGES if changed and large else detail
    match detail:
        case Detail.SERVICES:
            return View(grouped(by_service(whole)), detail)
        case Detail.CHANGES:
            return View(grouped(around(whole, changed), apart=changed), detail)
        case _:
            return View(whole, detail)


def view_around(whole: Topology, centre: ResourceKey, depth: int, most: int = MOST) -> View | None:
    """Return the neighbourhood of a resource; for a mesh, all of it. None if it is not drawn."""
    if centre.kind is Kind.MESH:
        return None if centre.mesh not in whole.meshes else whole_view(of_mesh(whole, centre.mesh))
    vertex = vertex_of(centre, whole)
    if vertex is None:
        return None
    found = neighbourhood(whole, vertex, depth, most)
    shown = grouped(found.topology, apart=(vertex,))
    return View(shown, Detail.FULL, centre, found.depth)


def busiest_service(whole: Topology) -> ResourceKey | None:
    """Return the virtual service with the most callers, where a large mesh is looked at first."""
    services = (each for each in whole.vertices if each.kind is Kind.VIRTUAL_SERVICE)
    callers = whole.incoming
    best = max(services, key=lambda each: len(callers.get(each.key, ())), default=None)
    return None if best is None else best.key


def of_mesh(whole: Topology, mesh: str) -> Topology:
    """Return the part of a topology that belongs to one mesh."""
    return Topology(
        tuple(each for each in whole.vertices if each.key.mesh == mesh),
        tuple(each for each in whole.edges if each.source.mesh == mesh),
    )
