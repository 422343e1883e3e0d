"""``gitmesh graph``: a picture of the mesh, for terminals, documents and merge requests."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import (
    MOMENT,
    MOMENT_HELP,
    examples,
    json_option,
    log_option,
    repo_option,
    repository_here,
)
from gitmesh.cli.output import emit_json, refuse

if TYPE_CHECKING:
    from gitmesh.service.topology.picture import MeshPicture
    from gitmesh.settings import Settings
    from gitmesh.topology.view import View

FORMATS = ("text", "svg", "mermaid", "dot", "json")


@click.command(
    "graph",
    short_help="Draw the mesh: who calls whom, with which weights.",
    epilog=examples(
        "gitmesh graph sample-repo",
        "gitmesh graph HEAD --repo shop.git --service cart -o svg > cart.svg",
        "gitmesh graph --repo shop.git --around mesh/shop/virtualNode/cart-v2 --depth 2",
        'gitmesh graph --repo shop.git --at "2 hours ago" -o mermaid',
        "gitmesh graph --repo shop.git --diff main feature -o mermaid   # for a merge request",
        "gitmesh graph sample-repo -o dot | dot -Tpdf > mesh.pdf",
    ),
)
@click.argument("target", default=".", metavar="[DIR|REV]")
@repo_option
@log_option
@click.option("--at", "moment", metavar=MOMENT, help=f"Draw the mesh served then. {MOMENT_HELP}")
@click.option(
    "--diff",
    "sides",
    nargs=2,
    metavar="A B",
    help="Draw two meshes as one, and mark what changes from A to B, as in gitmesh diff.",
)
@click.option("--service", metavar="NAME", help="Draw the neighbourhood of a virtual service.")
@click.option(
    "--around", metavar="RESOURCE", help="Draw the neighbourhood of a resource of any kind."
)
@click.option(
    "--depth",
    type=click.IntRange(0, 20),
    default=1,
    show_default=True,
    help="The calls to follow in each direction, with --service or --around.",
)
@click.option(
    "--detail",
    type=click.Choice(["auto", "full", "services", "changes"]),
    default="auto",
    help="Draw all resources, the services alone, or what --diff changes. "
    "auto: services in a large mesh, changes in a comparison of large ones.",
)
@click.option(
    "-o", "--output", "form", type=click.Choice(FORMATS), default="text", help="The format."
)
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a file instead of the standard output.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    repo: Path | None,
    log: Path | None,
    moment: str | None,
    sides: tuple[str, str] | None,
    service: str | None,
    around: str | None,
    depth: int,
    detail: str,
    form: str,
    file: Path | None,
    as_json: bool,
) -> None:
    """Draw the mesh: gateways, virtual services, routers with their routes, and nodes.

    No server is needed. The mesh is that of a folder or a revision; with --at, the one that was
    served at a moment of the event log; with --diff, both of two. Lines lead from callers to what
    they call, with the share of requests.

    --service and --around draw one resource with its callers and what it calls; the name may be a
    part of it. A mesh with more than 40 resources is drawn by service, unless --detail says
    otherwise; resources with the same neighbours are drawn as one.

    Mermaid is drawn by GitHub and GitLab in a block of ```mermaid. If the specs have problems,
    these are shown instead of a picture, and the exit code is 1.
    """
    settings: Settings = ctx.obj
    picture = _picture(target, repo, log or settings.log, moment, sides, detail)
    as_json = as_json or form == "json"
    if picture.problems:
        refuse(picture.problems, as_json=as_json)
        ctx.exit(exit_codes.REFUSED)
    view = _view(picture, service, around, depth, detail)
    if as_json:
        _emit_json(picture, view, file)
    elif file is not None:
        _write(file, _drawn(picture, view, form))
    elif form == "text":
        _show(_drawn(picture, view, form))
    else:
        click.echo(_drawn(picture, view, form), nl=False)


def _picture(
    target: str,
    repo: Path | None,
    log: Path | None,
    moment: str | None,
    sides: tuple[str, str] | None,
    detail: str,
) -> "MeshPicture":
    from gitmesh.queries.log_lookup import log_if_any
    from gitmesh.service.topology import picture
    from mesh.errors import UsageError

    if moment is not None and sides:
        raise UsageError("--at and --diff exclude each other", hint="name moments in --diff A B")
    if (moment is not None or sides) and target != ".":
        raise UsageError(
            f"{'--diff' if sides else '--at'} and the argument {target!r} exclude each other",
            hint="name the repository with --repo",
        )
    if detail == "changes" and not sides:
        raise UsageError("--detail changes needs two meshes", hint="name them with --diff A B")
    here = repository_here(repo or Path())
    if moment is not None:
        return picture.picture_at(here, log, moment)
    if sides:
        return picture.picture_of_difference(*sides, here, log_if_any(here, log))
    return picture.picture_of_specs(target, repo)


def _view(
    picture: "MeshPicture", service: str | None, around: str | None, depth: int, detail: str
) -> "View":
    from gitmesh.service.topology.centre import centre_named
    from gitmesh.topology.view import Detail, view_around, whole_view
    from mesh.errors import UsageError
    from mesh.keys import Kind

    if service is not None and around is not None:
        raise UsageError("--service and --around exclude each other", hint="name one resource")
    name = service if around is None else around
    if name is None:
        return whole_view(picture.topology, Detail(detail))
    kind = Kind.VIRTUAL_SERVICE if around is None else None
    centre = centre_named(picture.topology, name, kind)
    found = view_around(picture.topology, centre, depth)
    assert found is not None  # noqa: S101 -- it is drawn
    if found.depth < depth and centre.kind is not Kind.MESH:
        words = f"note: with depth {depth} there are too many resources; this is {found.depth}"
        click.secho(words, fg="yellow", err=True)
    return found


def _drawn(picture: "MeshPicture", view: "View", form: str) -> str:
    from gitmesh.topology.drawing.formats import drawn

    return drawn(view, picture.label, form)


def _emit_json(picture: "MeshPicture", view: "View", file: Path | None) -> None:
    import json

    from gitmesh.json_shapes.routing import topology_shape

    shape = topology_shape(picture.label, view)
    if file is None:
        emit_json(shape)
    else:
        _write(file, json.dumps(shape, indent=2, ensure_ascii=False) + "\n")


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _show(text: str) -> None:
    for line in text.splitlines():
        colour = {"+": "green", "-": "red", "~": "yellow"}.get(line[:1])
        click.secho(line, fg=colour)
