"""Route tests of a folder or a revision, and the routing of one request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitmesh.service.specs.target import read_target
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import ResourceKey
from mesh.problems.problem import Problem, errors
from mesh.route_tests import RouteTests, Verdict, verdicts
from mesh.route_tests.verdict import FAILED
from mesh.routing import BadRequest, Decision, decide, read_request
from reconciler.reading.tree import SpecTree


@dataclass(frozen=True, slots=True)
class RoutingSpecs:
    """Specs with their route tests."""

    target: str
    tree: SpecTree
    errors: tuple[Problem, ...]
    """Problems because of which the specs are not a valid mesh, except failed route tests."""


def routing_specs(target: str, repo: Path | None) -> RoutingSpecs:
    """Read a folder or a revision.

    :raises UsageError: there is no such folder or revision.
    """
    tree = read_target(target, repo).tree
    wrong = (each for each in errors(tree.problems) if each.code != FAILED)
    return RoutingSpecs(target, tree, tuple(wrong))


def run_route_tests(specs: RoutingSpecs, files: Sequence[str] = ()) -> tuple[Verdict, ...]:
    """Return the result of every route test, or of those in ``files``, in order.

    A file is given by its path in the specs, or by a path that includes their folder.

    :raises UsageError: a file has no route tests.
    """
    return tuple(verdicts(specs.tree.graph, _suites(specs, files)))


def route_request(
    graph: MeshGraph, caller: str, request: str, headers: Mapping[str, tuple[str, ...]]
) -> Decision:
    """Return the routing decision of ``caller``'s proxy for a request such as ``GET
    http://host/path``.

    :param headers: values by name in lower case.
    :raises UsageError: the request or the name of the caller is invalid.
    """
    try:
        asked = read_request(request, headers=headers)
    except BadRequest as error:
        raise UsageError(error.message, hint=error.hint) from None
    return decide(graph, ResourceKey.parse(caller), asked)


def _suites(specs: RoutingSpecs, files: Sequence[str]) -> Iterator[RouteTests]:
    tree = specs.tree
    for file in files:
        if _path(specs, file) not in tree.failed:
            raise UsageError(f"{file} contains no route tests", hint="give a file below the target")
    for path in [_path(specs, file) for file in files] or sorted(tree.failed):
        yield from tree.files[path].tests


def _path(specs: RoutingSpecs, file: str) -> str:
    if file in specs.tree.files:
        return file
    return Path(file).as_posix().removeprefix(f"{Path(specs.target).as_posix()}/")
