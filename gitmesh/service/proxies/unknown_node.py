"""Warning about a node that is not in the mesh: its proxy would wait forever."""

import contextlib
from pathlib import Path
from typing import Final

from gitmesh.queries.log_location import is_repository, log_path
from gitmesh.queries.resource_name import nearest_resource
from mesh.errors import GitmeshError, UsageError
from mesh.keys import Kind, ResourceKey

_FILES: Final = 500
"""Maximum number of spec files in the current directory; with more, it is not read for a
warning."""


def unknown_node(node: ResourceKey, repo: Path | None, log: Path | None) -> list[str]:
    """Return a warning with similar names if the mesh has no such node; else nothing.

    The mesh is that of the repository's log, if it has one, else of its specs. Without ``repo`` it
    is that of the current directory, if there is one.

    :raises UsageError: ``repo`` is given, and cannot be read.
    """
    found = _known(repo, log) if repo is not None or log is not None else _known_here()
    if found is None or node in found[1]:
        return []
    where, known = found
    lines = [f"warning: there is no {node} in {where}"]
    nodes = [each for each in known if each.kind in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY)]
    if meant := nearest_resource(node, nodes):
        lines.append(f"  hint: did you mean {meant}?")
    else:
        lines.append("  hint: a proxy with this node.id gets no configuration before it is pushed")
    return lines


def _known(repo: Path | None, log: Path | None) -> tuple[str, set[ResourceKey]]:
    place = Path() if repo is None else repo
    if log is not None:
        return f"the mesh of {log}", _logged(log)
    if is_repository(place) and (usual := log_path(place)).is_file():
        return f"the mesh of {place}", _logged(usual)
    return f"the specs of {place}", _read(place)


def _known_here() -> tuple[str, set[ResourceKey]] | None:
    from reconciler.directory import is_small

    here = Path()
    with contextlib.suppress(GitmeshError, OSError):
        if not is_repository(here):
            return None
        if log_path(here).is_file() or is_small(here, _FILES):
            where, known = _known(here, None)
            return (where.replace(" .", " the current directory"), known) if known else None
    return None


def _logged(log: Path) -> set[ResourceKey]:
    from events.opening import open_for_reading

    with open_for_reading(log) as opened:
        return set(opened.state().resources)


def _read(repo: Path) -> set[ResourceKey]:
    from gitmesh.service.specs.target import read_target

    try:
        return set(read_target(str(repo), None).tree.graph.resources)
    except UsageError:
        if is_repository(repo):
            return set()  # nothing was committed yet
        raise
