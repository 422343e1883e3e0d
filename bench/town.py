"""Git repositories of any size to measure with: services of seven resources, a folder each."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

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
_WHO = "Bench <bench@example.com> 1790000000 +0000"


def node_id(service: int) -> str:
    """Return the id of a node that calls the service ``service + 1``."""
    return f"mesh/town/virtualNode/s{service}-v1"


def build(path: Path, specs: int, commits: int) -> list[str]:
    """Make a bare repository of about ``specs`` specs in one commit, and ``commits`` more that
    change the weights of one route each. Return the commits' ids, oldest first."""
    services = max(1, specs // SPECS_OF_A_SERVICE)
    _git(path.parent, "init", "-q", "--bare", "-b", "main", str(path))
    stream = "".join(_stream(services, commits))
    _git(path, "fast-import", "--quiet", stdin=stream)
    listed = _git(path, "rev-list", "--first-parent", "--reverse", "main")
    return listed.split()


def move(path: Path, commit: str) -> None:
    """Let the branch name that commit, as a push would."""
    _git(path, "update-ref", "refs/heads/main", commit)


def _stream(services: int, commits: int) -> Iterator[str]:
    yield f"commit refs/heads/main\ncommitter {_WHO}\n{_data('everything')}"
    yield f"M 100644 inline mesh.yaml\n{_data('{kind: Mesh, meshName: town}')}"
    for n in range(services):
        folder = f"{n // 100}/s{n}"
        text = _SERVICE.format(n=n, next=(n + 1) % services)
        yield f"M 100644 inline {folder}/service.yaml\n{_data(text)}"
        yield f"M 100644 inline {folder}/route.yaml\n{_data(_route(n, 0))}"
    for i in range(commits):
        n = i % services
        yield f"commit refs/heads/main\ncommitter {_WHO}\n{_data(f'shift {i}')}"
        yield f"M 100644 inline {n // 100}/s{n}/route.yaml\n{_data(_route(n, i + 1))}"


def _route(n: int, step: int) -> str:
    return _ROUTE.format(n=n, left=100 - step % 100, right=step % 100)


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _git(cwd: Path, *arguments: str, stdin: str | None = None) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments],
        cwd=cwd,
        env=env,
        input=stdin,
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout
