"""Shift documents of a repository: ``.gitmesh/shifts/NAME.yaml``. Pure.

The folder is hidden, so the reader of specs leaves it alone: the mesh, its chain and its rules are
the same with and without shifts.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from gitmesh.shifts.document import ShiftDocument
from gitmesh.shifts.folder import FOLDER
from gitmesh.shifts.weights import nodes_of, routes_of, stepped, steps_of
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from mesh.parsing.document import read_documents
from mesh.parsing.spec_problems import model_problems
from mesh.problems.problem import Problem
from mesh.problems.suggestion import did_you_mean
from mesh.resource import Resource, Source, Steps

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MOST_SHIFTS: Final = 1000
"""Maximum number of documents that are read."""
_STATE: Final = ("hold", "ended")


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift with its name and its position in the repository."""

    name: str
    document: ShiftDocument
    source: Source = field(default=Source(""), compare=False, repr=False)

    @property
    def intent(self) -> str:
        """Return the document without its state; a shift with another intent is another shift."""
        body = self.document.model_dump(mode="json", by_alias=True, exclude_none=True)
        intent = {name: value for name, value in body.items() if name not in _STATE}
        return json.dumps(intent, sort_keys=True)


def path_of(name: str) -> str:
    """Return the path of a shift's document."""
    return f"{FOLDER}/{name}.yaml"


def name_of(path: str) -> str | None:
    """Return the name of the shift at a path; None if no shift is read there."""
    folder, _, file = path.rpartition("/")
    name = file.removesuffix(".yaml")
    return name if folder == FOLDER and name != file and NAME.fullmatch(name) else None


def read_shift(path: str, blob: bytes) -> Shift | list[Problem]:
    """Return the shift in a file, or all problems of the file. Never raises."""
    name = name_of(path)
    if name is None:
        hint = f"name it {FOLDER}/NAME.yaml, of letters, digits, dots and dashes"
        return [Problem(path, 0, "$", "bad-shift", "no shift is read from this path", hint)]
    reading = read_documents(path, blob)
    if reading.problems:
        return list(reading.problems)
    if len(reading.documents) != 1:
        line = reading.documents[1].source.line(()) if reading.documents else 0
        message = f"a shift is one document; the file has {len(reading.documents)}"
        hint = "write one file for each shift; gitmesh shift start writes one"
        return [Problem(path, line, "$", "bad-shift", message, hint)]
    [document] = reading.documents
    try:
        found = ShiftDocument.model_validate_json(json.dumps(document.body))
    except ValidationError as error:
        return sorted(model_problems(error, ShiftDocument, document.source))
    return Shift(name, found, document.source)


def shift_problems(shift: Shift, graph: MeshGraph) -> list[Problem]:
    """Return the problems of a shift in the mesh that it is to change; none once it has ended."""
    return [] if shift.document.ended else sorted(_problems(shift, graph))


def _problems(shift: Shift, graph: MeshGraph) -> Iterator[Problem]:
    document = shift.document
    mesh, router = document.mesh_name, document.virtual_router_name
    routes = [
        each
        for key, each in graph.resources.items()
        if key.kind is Kind.ROUTE and (key.mesh, key.parent) == (mesh, router)
    ]
    if graph.get(ResourceKey.of(Kind.VIRTUAL_ROUTER, mesh, router)) is None:
        names = [
            k.name for k in graph.resources if k.kind is Kind.VIRTUAL_ROUTER and k.mesh == mesh
        ]
        message = f"there is no virtual router {router} in mesh {mesh}"
        yield _dangling(shift, ("virtualRouterName",), message, router, names)
        return
    if document.route_name is not None:
        names = [each.key.name for each in routes]
        routes = [each for each in routes if each.key.name == document.route_name]
        if not routes:
            message = f"virtual router {router} has no route {document.route_name}"
            yield _dangling(shift, ("routeName",), message, document.route_name, names)
            return
    moved = routes_of(document, graph)
    if not moved:
        yield from _no_targets(shift, routes)
    for route in moved:
        yield from _coarse(shift, route)


def _dangling(shift: Shift, steps: Steps, message: str, name: str, names: list[str]) -> Problem:
    hint = did_you_mean(name, names) or f"there are: {', '.join(sorted(names)) or 'none'}"
    return shift.source.problem(steps, "bad-shift", message, hint=hint)


def _no_targets(shift: Shift, routes: list[Resource]) -> Iterator[Problem]:
    spec, document = shift.document.spec, shift.document
    router, route = document.virtual_router_name, document.route_name
    nodes = {target for each in routes for target in nodes_of(each)}
    missing = [(p, n) for p, n in (("from", spec.from_), ("to", spec.to)) if n not in nodes]
    for part, node in missing or [("to", spec.to)]:
        where = (
            f"route {route} of virtual router {router} does not have"
            if route
            else (f"no route of virtual router {router} has")
        )
        beside = "" if (part, node) in missing else f" beside {spec.from_}"
        hint = f"add it to the route with weight 0: {{virtualNode: {node}, weight: 0}}"
        yield shift.source.problem(
            ("spec", part), "bad-shift", f"{where} the target {node}{beside}", hint=hint
        )


def _coarse(shift: Shift, route: Resource) -> Iterator[Problem]:
    spec = shift.document.spec
    weights = [stepped(route, spec, share) for share in steps_of(spec)]
    if len(set(weights)) < len(weights):
        whole = sum(weights[0])
        yield shift.source.problem(
            ("spec", "steps"),
            "bad-shift",
            f"the weights of both targets in route {route.key.name} add up to {whole}: "
            "too few for these steps",
            hint="give fewer steps, or larger weights to all targets of the route",
        )
