"""``gitmesh new``: a spec to start from."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json
from mesh.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmesh.service.new.starting_point import Start, Wishes
    from mesh.graph.linked import MeshGraph
    from mesh.keys import Kind, ResourceKey

KINDS = ("mesh", "service", "node", "router", "route", "gateway", "gateway-route")
FITTING = {
    "router": ("service", "route"),
    "gateway": ("gateway-route",),
    "service": ("gateway-route",),
    "nodes": ("service", "route"),
    "backends": ("node",),
    "hostname": ("service", "node", "gateway-route"),
    "port": ("service", "node", "router", "gateway"),
    "protocol": ("service", "node", "router", "route", "gateway", "gateway-route"),
    "mesh": KINDS[1:],
}
"""Which kinds an option is for."""


@click.command(
    "new",
    short_help="Write a spec to start from.",
    epilog=examples(
        "gitmesh new mesh shop > mesh.yaml",
        "gitmesh new service cart.shop.internal > cart.yaml    # and its router, route and node",
        "gitmesh new node cart-v2 --port 9080 --hostname cart-v2.internal --to cart-v2.yaml",
        "gitmesh new route canary --router cart --node cart-v1=90 --node cart-v2=10",
        "gitmesh new gateway entrance --port 8080",
        "gitmesh new gateway-route all --gateway entrance --service cart.shop.internal",
    ),
)
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.argument("name")
@click.option(
    "--mesh",
    metavar="NAME",
    help="The mesh of the resource. Default: the mesh of the existing specs, if there is only one.",
)
@click.option("--port", type=int, metavar="N", help="The listener's port. Default: 8080.")
@click.option(
    "--protocol",
    type=click.Choice(["http", "http2", "grpc", "tcp"]),
    help="The protocol. Default: that of the router or gateway, if it is in the existing "
    "specs, else http.",
)
@click.option("--hostname", metavar="HOST", help="The DNS name of the node's instances.")
@click.option(
    "--router", metavar="NAME", help="The router of a route, or the provider of a service."
)
@click.option("--gateway", metavar="NAME", help="The gateway of a gateway route.")
@click.option("--service", metavar="NAME", help="The target service of a gateway route.")
@click.option(
    "--node",
    "nodes",
    multiple=True,
    metavar="NAME[=WEIGHT]",
    help="A target of a route (may be repeated), or the provider of a service. Default for a "
    "route: the node with the name of its router.",
)
@click.option(
    "--backend", "backends", multiple=True, metavar="SERVICE", help="A service that a node calls."
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to FILE instead of the standard output.",
)
@click.option(
    "--specs",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=".",
    metavar="DIR",
    help="The existing specs. Default: the current directory.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    kind: str,
    name: str,
    to: Path | None,
    specs: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Write the spec of a new resource, with the meaning of every field as a comment.

    KIND is mesh, service, node, router, route, gateway or gateway-route. A service comes with a
    router, a route and a node, unless --router or --node names its provider. If the resource needs
    others that are missing from the specs, the error stream shows the commands that create them.
    """
    from gitmesh.service.new.starting_point import starts
    from gitmesh.service.new.surroundings import KIND_OF, missing, surroundings

    _refuse_unfitting(ctx, kind)
    graph = surroundings(specs)
    wishes = _wishes(KIND_OF[kind], name, graph, options)
    made = starts(KIND_OF[kind], wishes)
    _refuse_known(made, graph)
    keys = {each.key for each in made}
    needs = [key for key in missing((n for e in made for n in e.needs), graph) if key not in keys]
    text = "---\n".join(_document(each) for each in made)
    _check(text)
    if to is not None:
        _write(to, text)
    if as_json:
        _emit(made, needs, to, text)
        return
    click.echo(f"made {to}" if to is not None else text, nl=to is not None)
    _tell(needs)


def _refuse_unfitting(ctx: click.Context, kind: str) -> None:
    given = click.core.ParameterSource.COMMANDLINE
    for name, kinds in FITTING.items():
        if kind not in kinds and ctx.get_parameter_source(name) is given:
            option = name.removesuffix("s") if name in ("nodes", "backends") else name
            raise UsageError(
                f"--{option} is not for a {kind}", hint=f"it is for {', '.join(kinds)}"
            )


def _wishes(kind: "Kind", name: str, graph: "MeshGraph", options: dict[str, Any]) -> "Wishes":
    from gitmesh.service.new.starting_point import Wishes
    from gitmesh.service.new.surroundings import only, protocol_of
    from mesh.keys import Kind, ResourceKey

    mesh = name if kind is Kind.MESH else options["mesh"] or only(Kind.MESH, graph)
    router, gateway, service = (options[each] or "" for each in ("router", "gateway", "service"))
    parent: ResourceKey | None = None
    if kind is Kind.ROUTE:
        router = router or only(Kind.VIRTUAL_ROUTER, graph, mesh)
        parent = ResourceKey.of(Kind.VIRTUAL_ROUTER, mesh, router)
    if kind is Kind.GATEWAY_ROUTE:
        gateway = gateway or only(Kind.VIRTUAL_GATEWAY, graph, mesh)
        service = service or only(Kind.VIRTUAL_SERVICE, graph, mesh)
        parent = ResourceKey.of(Kind.VIRTUAL_GATEWAY, mesh, gateway)
    return Wishes(
        mesh,
        name,
        port=8080 if options["port"] is None else options["port"],
        protocol=options["protocol"] or (parent and protocol_of(graph, parent)) or "http",
        hostname=options["hostname"] or "",
        router=router,
        gateway=gateway,
        service=service,
        nodes=_weighted(options["nodes"]),
        backends=options["backends"],
    )


def _weighted(nodes: "Sequence[str]") -> tuple[tuple[str, int], ...]:
    """Read ``cart-v1=90``; nodes without a weight have equal ones."""
    found = []
    for text in nodes:
        name, equals, weight = text.rpartition("=")
        if equals and not (weight.isascii() and weight.isdecimal()):
            raise UsageError(f"--node {text}: {weight!r} is not a weight", hint="write NAME=90")
        found.append((name, int(weight)) if equals else (text, 100 // len(nodes)))
    return tuple(found)


def _refuse_known(made: "Sequence[Start]", graph: "MeshGraph") -> None:
    for each in made:
        if (known := graph.resources.get(each.key)) is not None:
            path = known.source.path
            raise UsageError(f"{each.key} is there already, in {path}", hint="choose another name")


def _document(start: "Start") -> str:
    from gitmesh.service.new.commented import commented

    return commented(start.key, start.spec)


def _check(text: str) -> None:
    """Refuse a spec that a push would refuse: a wrong port, a name that is too long."""
    from mesh.problems.problem import errors
    from mesh.reading.native import read_resources

    for problem in errors(read_resources("new.yaml", text.encode()).problems):
        where = problem.where.removeprefix("$.")
        raise UsageError(f"{where}: {problem.message}", hint=problem.hint)


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise UsageError(f"{file} is there already", hint="name another file") from None
    except FileNotFoundError:
        raise UsageError(f"there is no folder {file.parent}", hint="make it first") from None


def _emit(made: "Sequence[Start]", needs: "list[ResourceKey]", to: Path | None, text: str) -> None:
    from gitmesh.service.new.surroundings import command_for

    emit_json(
        {
            "resources": [str(each.key) for each in made],
            "needs": [{"resource": str(key), "command": command_for(key)} for key in needs],
            "file": None if to is None else str(to),
            "text": text,
        }
    )


def _tell(needs: "list[ResourceKey]") -> None:
    from gitmesh.safe_text import visible
    from gitmesh.service.new.surroundings import command_for

    for key in needs:
        words = f"needs {key}, which is not in the specs here: {command_for(key)}"
        click.secho(visible(words), fg="yellow", err=True)
