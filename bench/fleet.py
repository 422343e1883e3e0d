"""Git repository whose proxies have configurations as large as in other control planes' benchmarks.

Every caller, ``web0`` and so on, has ten backends. It is sent two listeners, clusters of eleven
endpoint sets of three, and two route configurations, of which the outbound one has ten virtual
hosts of two weighted routes. Callers are in groups; groups share no backends.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.repository import Change, build

BACKENDS = 10
_INSTANCES = 3

_CALLER = """\
kind: VirtualNode
meshName: fleet
virtualNodeName: web{n}
spec:
  serviceDiscovery: {{dns: {{hostname: web{n}.fleet.internal}}}}
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
  backends:
{backends}
"""
_BACKEND = "  - virtualService: {{virtualServiceName: s{n}.fleet.internal}}"

_PROVIDER = """\
kind: VirtualNode
meshName: fleet
virtualNodeName: p{n}
spec:
  serviceDiscovery: {{awsCloudMap: {{namespaceName: fleet.internal, serviceName: p{n}}}}}
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
---
kind: ServiceInstances
meshName: fleet
namespaceName: fleet.internal
serviceName: p{n}
spec:
  instances:
{instances}
"""
_INSTANCE = "  - {{id: i{i}, attributes: {{AWS_INSTANCE_IPV4: 10.{high}.{low}.{i}}}}}"

_SERVICE = """\
kind: VirtualService
meshName: fleet
virtualServiceName: s{n}.fleet.internal
spec: {{provider: {{virtualRouter: {{virtualRouterName: s{n}}}}}}}
---
kind: VirtualRouter
meshName: fleet
virtualRouterName: s{n}
spec:
  listeners: [{{portMapping: {{port: 8080, protocol: http}}}}]
"""
_ROUTE = """\
kind: Route
meshName: fleet
virtualRouterName: s{n}
routeName: {name}
spec:
  httpRoute:
    match: {{prefix: {prefix}}}
    action:
      weightedTargets:
        - {{virtualNode: p{n}, weight: {left}}}
        - {{virtualNode: p{next}, weight: {right}}}
"""


def node_id(caller: int) -> str:
    """Return the id of a caller's node."""
    return f"mesh/fleet/virtualNode/web{caller}"


def build_fleet(path: Path, *, callers: int, groups: int = 1, commits: int = 0) -> list[str]:
    """Make a bare repository of a mesh in one commit, and ``commits`` more that each change the
    weights of one route of the first group. Return the commits' ids, oldest first."""
    changes = [Change("everything", dict(_files(callers, groups)))]
    changes += [Change(f"shift {i}", {shift_path(0): shift(0, i)}) for i in range(1, commits + 1)]
    return build(path, changes)


def shift_path(service: int) -> str:
    """Return the path of the route file that changes."""
    return f"s{service}/all.yaml"


def shift(service: int, step: int) -> str:
    """Return a route whose weights differ at each of a hundred steps."""
    return _route(service, "all", "/", step % 100)


def _files(callers: int, groups: int) -> Iterator[tuple[str, str]]:
    yield "mesh.yaml", "{kind: Mesh, meshName: fleet}\n"
    for n in range(callers):
        first = n * groups // callers * BACKENDS
        backends = "\n".join(_BACKEND.format(n=first + i) for i in range(BACKENDS))
        yield f"web/{n // 100}/web{n}.yaml", _CALLER.format(n=n, backends=backends)
    for n in range(groups * BACKENDS):
        yield f"s{n}/service.yaml", _SERVICE.format(n=n)
        yield f"s{n}/some.yaml", _route(n, "some", "/some", 10)
        yield shift_path(n), shift(n, 0)
    for n in range(groups * BACKENDS + 1):
        instances = "\n".join(
            _INSTANCE.format(i=i, high=n // 250, low=n % 250) for i in range(1, _INSTANCES + 1)
        )
        yield f"p{n}.yaml", _PROVIDER.format(n=n, instances=instances)


def _route(n: int, name: str, prefix: str, right: int) -> str:
    return _ROUTE.format(n=n, next=n + 1, name=name, prefix=prefix, left=100 - right, right=right)
