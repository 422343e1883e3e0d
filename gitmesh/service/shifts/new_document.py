"""The document of a new shift, from the options of ``gitmesh shift start``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from gitmesh.queries.resource_name import no_resource, resource_of
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import weighted_targets
from mesh.keys import Kind
from mesh.spec import RouteSpec
from mesh.tidy.formatting import document_text as as_yaml


@dataclass(frozen=True, slots=True)
class ShiftOptions:
    """What a shift is to do, as somebody typed it. The document is checked like any other."""

    to: str
    from_: str | None = None
    steps: str = "5,25,50,100"
    interval: str = "1m"
    success_rate: str | None = None
    latency: str | None = None
    min_requests: int | None = None
    no_baseline: bool = False
    no_gates: bool = False
    on_failure: str = "revert"

    @classmethod
    def of(cls, to: str, options: Mapping[str, object]) -> Self:
        """Return the options of a command."""
        return cls(to, **options)  # type: ignore[arg-type]


def document_text(graph: MeshGraph, route: str, options: ShiftOptions) -> str:
    """Return the text of a document.

    :raises UsageError: there is no such route.
    """
    key = resource_of(route, lambda: graph.resources)
    found = graph.get(key)
    if key.kind is not Kind.ROUTE or found is None or not isinstance(found.spec, RouteSpec):
        raise no_resource(key, (k for k in graph.resources if k.kind is Kind.ROUTE), "among routes")
    others = [each for each in weighted_targets(found.spec) if each.virtual_node != options.to]
    most = max(others, key=lambda each: each.weight, default=None)
    from_ = options.from_ or (most.virtual_node if most is not None else "")
    if not from_:
        raise UsageError(f"{key} has no other target than {options.to}", hint="give --from NODE")
    spec: JsonObject = {"from": from_, "to": options.to, "steps": [*_steps(options.steps)]}
    spec["interval"] = options.interval
    if gates := {} if options.no_gates else _gates(options):
        spec["gates"] = gates
    spec["onFailure"] = options.on_failure
    return as_yaml(
        {
            "kind": "Shift",
            "meshName": key.mesh,
            "virtualRouterName": key.parent,
            "routeName": key.name,
            "spec": spec,
        }
    )


def _gates(options: ShiftOptions) -> JsonObject:
    rate: JsonObject = {}
    if options.success_rate is not None:
        rate["min"] = options.success_rate
    if options.no_baseline:
        rate["baseline"] = False
    found: JsonObject = {}
    if rate.get("min") or not options.no_baseline:
        found["successRate"] = rate
    if options.latency is not None:
        found["latency"] = {"max": options.latency}
    if options.min_requests is not None:
        found["minRequests"] = options.min_requests
    return found


def _steps(text: str) -> Iterator[int]:
    for part in text.split(","):
        digits = part.strip().removesuffix("%").strip()
        if not (digits.isascii() and digits.isdigit()):
            raise UsageError(f"--steps {text!r} is no list of percents", hint="5,25,50,100")
        yield int(digits)
