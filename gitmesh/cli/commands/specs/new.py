"""``gitmesh new``: write the first spec of a new resource."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json
from mesh.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmesh.service.specs.new.new_document import MissingResource
    from gitmesh.service.specs.new.starting_point import Wishes

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
"""Kinds to which each option applies."""


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
    from gitmesh.json_shapes.specs import new_document_shape
    from gitmesh.service.specs.new.new_document import new_document, write_new
    from gitmesh.service.specs.new.surroundings import KIND_OF, surroundings

    _refuse_unfitting(ctx, kind)
    made = new_document(KIND_OF[kind], _wishes(name, options), surroundings(specs))
    if to is not None:
        write_new(to, made.text)
    if as_json:
        emit_json(new_document_shape(made, to))
    else:
        click.echo(f"made {to}" if to is not None else made.text, nl=to is not None)
        _show_needs(made.needs)


def _refuse_unfitting(ctx: click.Context, kind: str) -> None:
    given = click.core.ParameterSource.COMMANDLINE
    for name, kinds in FITTING.items():
        if kind not in kinds and ctx.get_parameter_source(name) is given:
            option = name.removesuffix("s") if name in ("nodes", "backends") else name
            raise UsageError(
                f"--{option} is not for a {kind}", hint=f"it is for {', '.join(kinds)}"
            )


def _wishes(name: str, options: dict[str, Any]) -> "Wishes":
    from gitmesh.service.specs.new.starting_point import Wishes

    given = {option: value for option, value in options.items() if value is not None}
    given["nodes"] = _weighted(given["nodes"])
    return Wishes(**{"mesh": "", "protocol": "", **given}, name=name)


def _weighted(nodes: "Sequence[str]") -> tuple[tuple[str, int], ...]:
    """Read ``cart-v1=90``; nodes without a weight have equal weights."""
    found = []
    for text in nodes:
        name, equals, weight = text.rpartition("=")
        if equals and not (weight.isascii() and weight.isdecimal()):
            raise UsageError(f"--node {text}: {weight!r} is not a weight", hint="write NAME=90")
        found.append((name, int(weight)) if equals else (text, 100 // len(nodes)))
    return tuple(found)


def _show_needs(needs: "Sequence[MissingResource]") -> None:
    from gitmesh.safe_text import visible

    for each in needs:
        words = f"needs {each.key}, which is not in the specs here: {each.command}"
        click.secho(visible(words), fg="yellow", err=True)
