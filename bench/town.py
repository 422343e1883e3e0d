"""Git repositories of any size for benchmarks: services of seven resources, a folder each."""

from collections.abc import Iterator
from pathlib import Path

from bench.repository import Change, move
from bench.repository import build as _build

__all__ = ["build", "move", "node_id"]

_SERVICE = """\
kind: VirtualNode
meshName: town
virtualNodeName: s{n}-v1
spec:
  serviceDiscovery: {{dns: {{hostname: s{n}-v1.town.internal}}}}
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
  backends:
    - virtualService: {{virtualServiceName: s{next}.town.internal}}
---
kind: VirtualNode
meshName: town
virtualNodeName: s{n}-v2
spec:
  serviceDiscovery: {{dns: {{hostname: s{n}-v2.town.internal}}}}
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
---
kind: VirtualRouter
meshName: town
virtualRouterName: s{n}
spec:
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
---
kind: VirtualService
meshName: town
virtualServiceName: s{n}.town.internal
spec: {{provider: {{virtualRouter: {{virtualRouterName: s{n}}}}}}}
"""

_ROUTE = """\
kind: Route
meshName: town
virtualRouterName: s{n}
routeName: all
spec:
  httpRoute:
    match: {{prefix: /}}
    action:
      weightedTargets:
        - {{virtualNode: s{n}-v1, weight: {left}}}
        - {{virtualNode: s{n}-v2, weight: {right}}}
"""

SPECS_OF_A_SERVICE = 5


def node_id(service: int) -> str:
    """Return the id of a node that calls the service ``service + 1``."""
    return f"mesh/town/virtualNode/s{service}-v1"


def build(path: Path, specs: int, commits: int) -> list[str]:
    """Make a bare repository of about ``specs`` specs in one commit, and ``commits`` more that
    change the weights of one route each. Return the commits' ids, oldest first."""
    services = max(1, specs // SPECS_OF_A_SERVICE)
    shifts = (Change(f"shift {i}", shifted(i % services, i + 1)) for i in range(commits))
    return _build(path, [Change("everything", dict(_files(services))), *shifts])


def _files(services: int) -> Iterator[tuple[str, str]]:
    yield "mesh.yaml", "{kind: Mesh, meshName: town}"
    for n in range(services):
        yield f"{n // 100}/s{n}/service.yaml", _SERVICE.format(n=n, next=(n + 1) % services)
        yield from shifted(n, 0).items()


def shifted(n: int, step: int) -> dict[str, str]:
    """Return the route file of a service, with weights that differ at each of a hundred steps."""
    return {f"{n // 100}/s{n}/route.yaml": _route(n, step)}


def _route(n: int, step: int) -> str:
    return _ROUTE.format(n=n, left=100 - step % 100, right=step % 100)
