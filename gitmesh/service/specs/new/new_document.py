"""A document with new resources, checked as a push would check it, and its file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitmesh.service.specs.new.commented import commented
from gitmesh.service.specs.new.starting_point import Start, Wishes, starts
from gitmesh.service.specs.new.surroundings import command_for, missing, only, protocol_of
from mesh.errors import UsageError
from mesh.graph.mesh_graph import MeshGraph
from mesh.keys import Kind, ResourceKey
from mesh.problems.problem import errors
from mesh.reading.native import read_resources
from mesh.tidy import tidied


@dataclass(frozen=True, slots=True)
class MissingResource:
    """A resource that the new resources refer to, and that does not exist in the specs."""

    key: ResourceKey
    command: str
    """The command that creates the resource."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    """New resources as YAML documents in one text, with the meaning of each field as a comment."""

    resources: tuple[ResourceKey, ...]
    needs: tuple[MissingResource, ...]
    text: str


def new_document(kind: Kind, wishes: Wishes, graph: MeshGraph) -> NewDocument:
    """Return the document of a new resource, and of the resources that are created with it.

    Missing options are filled from ``graph``, the existing mesh, if it has exactly one suitable
    resource.

    :raises UsageError: an option is missing or invalid, or the resource exists already.
    """
    made = starts(kind, _completed(kind, wishes, graph))
    _refuse_known(made, graph)
    text = "---\n".join(commented(each.key, each.spec) for each in made)
    _refuse_invalid(text)
    text = tidied("new.yaml", text.encode()).text or text  # as gitmesh fmt would leave it
    return NewDocument(tuple(each.key for each in made), tuple(_needs(made, graph)), text)


def write_new(file: Path, text: str) -> None:
    """Write a new file.

    :raises UsageError: the file exists already, or its folder does not.
    """
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(f"{file} exists already", hint="choose another file") from None
    except FileNotFoundError:
        raise UsageError(f"there is no folder {file.parent}", hint="create it first") from None


def _completed(kind: Kind, wishes: Wishes, graph: MeshGraph) -> Wishes:
    mesh = wishes.name if kind is Kind.MESH else wishes.mesh or only(Kind.MESH, graph)
    wishes = replace(wishes, mesh=mesh)
    parent: ResourceKey | None = None
    if kind is Kind.ROUTE:
        router = wishes.router or only(Kind.VIRTUAL_ROUTER, graph, mesh)
        parent = ResourceKey.of(Kind.VIRTUAL_ROUTER, mesh, router)
        wishes = replace(wishes, router=router)
    if kind is Kind.GATEWAY_ROUTE:
        gateway = wishes.gateway or only(Kind.VIRTUAL_GATEWAY, graph, mesh)
        service = wishes.service or only(Kind.VIRTUAL_SERVICE, graph, mesh)
        parent = ResourceKey.of(Kind.VIRTUAL_GATEWAY, mesh, gateway)
        wishes = replace(wishes, gateway=gateway, service=service)
    protocol = wishes.protocol or (parent and protocol_of(graph, parent)) or "http"
    return replace(wishes, protocol=protocol)


def _refuse_known(made: Sequence[Start], graph: MeshGraph) -> None:
    for each in made:
        if (known := graph.resources.get(each.key)) is not None:
            path = known.source.path
            raise UsageError(f"{each.key} exists already, in {path}", hint="choose another name")


def _refuse_invalid(text: str) -> None:
    """Refuse a spec that a push would refuse: a wrong port, a name that is too long."""
    for problem in errors(read_resources("new.yaml", text.encode()).problems):
        where = problem.where.removeprefix("$.")
        raise UsageError(f"{where}: {problem.message}", hint=problem.hint)


def _needs(made: Sequence[Start], graph: MeshGraph) -> Iterator[MissingResource]:
    own = {each.key for each in made}
    for key in missing((need for each in made for need in each.needs), graph):
        if key not in own:
            yield MissingResource(key, command_for(key))
