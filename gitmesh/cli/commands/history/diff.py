"""``gitmesh diff``: differences between two meshes, and their blast radius."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.commands.server.changes import files_option
from gitmesh.cli.commands.server.connection import Connect, server_options
from gitmesh.cli.commands.server.file_difference import show_file_difference
from gitmesh.cli.options import examples, json_option, log_option, repo_here
from gitmesh.cli.output import emit_json, refuse

if TYPE_CHECKING:
    from gitmesh.service.changes.compared_meshes import NamedMesh
    from gitmesh.service.changes.difference import Difference
    from gitmesh.settings import Settings
    from mesh.keys import ResourceKey
    from xds.translate.compare import EnvoyChange


@click.command(
    "diff",
    short_help="Show the differences between two meshes.",
    epilog=examples(
        "gitmesh diff main feature --repo shop.git        # what a branch would change",
        "gitmesh diff HEAD~5 HEAD --repo shop.git --envoy # with Envoy configuration, by node",
        'gitmesh diff "2 hours ago" now --repo shop.git   # what has changed since',
        "gitmesh diff main . --markdown                   # for a pull request",
        "gitmesh diff -f cart.yaml --server http://127.0.0.1:18080",
    ),
)
@click.argument("before", metavar="[A", required=False)
@click.argument("after", metavar="B]", required=False)
@files_option
@repo_here("The repository of the revisions.")
@log_option
@click.option(
    "--envoy", is_flag=True, help="Also show how the Envoy configuration of each node differs."
)
@click.option("--markdown", is_flag=True, help="Print Markdown, for a comment on a pull request.")
@server_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    connect: Connect,
    before: str | None,
    after: str | None,
    files: tuple[Path, ...],
    repo: Path,
    log: Path | None,
    envoy: bool,
    markdown: bool,
    as_json: bool,
) -> None:
    """Show the changes from mesh A to mesh B, by resource, and their blast radius.

    A and B are folders, revisions of the repository, or moments in its event log (positions and
    times). No server is needed; if one runs, the number of its connected proxies is shown, too.
    Exits with 1 if A or B is not a valid mesh, and shows the problems.

    With -f, shows what gitmesh apply -f would change on a running server; tags are not compared.
    Exits with 1 if there is a difference, and with 2 if the server would refuse the files.
    """
    if files:
        if before is not None or envoy or markdown:
            raise click.UsageError("-f compares files with a server: without A, B and --envoy", ctx)
        ctx.exit(show_file_difference(connect, files, as_json=as_json))
    if before is None or after is None:
        raise click.UsageError("two meshes are compared: name A and B, or files with -f", ctx)
    from gitmesh.json_shapes.changes import difference_shape
    from gitmesh.queries.log_lookup import log_if_any
    from gitmesh.service.changes.compared_meshes import named_mesh
    from gitmesh.service.changes.difference import difference
    from xds.translate.compare import envoy_changes

    settings: Settings = ctx.obj
    where = log_if_any(repo, log or settings.log)
    gc.disable()  # a large mesh is many values that all live until the end
    first = named_mesh(before, repo, where)
    sides = first, named_mesh(after, repo, where, first.tree)
    if problems := [problem for side in sides for problem in side.problems]:
        refuse(problems, as_json=as_json)
        ctx.exit(exit_codes.REFUSED)
    old, new = (side.graph for side in sides)
    found = difference(old, new, _connected(where))
    configurations = list(envoy_changes(old, new, found.radius.nodes)) if envoy else []
    if as_json:
        emit_json(difference_shape(*sides, found, configurations if envoy else None))
    elif markdown:
        click.echo(_markdown(sides, found, configurations))
    else:
        _show(sides, found, configurations)


def _connected(log: Path | None) -> "dict[ResourceKey, int] | None":
    if log is None:
        return None  # Without a log nobody needs to load what reads it.
    from gitmesh.queries.connected_proxies import connected_proxies

    return connected_proxies(log)


def _show(
    sides: "tuple[NamedMesh, NamedMesh]", found: "Difference", configurations: "list[EnvoyChange]"
) -> None:
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.narration import narrate
    from gitmesh.safe_text import visible

    heading = f"{sides[0].label} → {sides[1].label}: {count(len(found.changes), 'change')}"
    click.secho(visible(heading), bold=True)
    for event in found.changes:
        click.echo(f"  {narrate(event)}")
    if found.changes:
        click.echo(found.radius.sentence())
    for each in configurations:
        click.echo()
        click.secho(visible(f"{each.node}: {each.type} {each.name}"), bold=True)
        for line in each.change.lines:
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            click.secho(f"  {visible(line)}", fg=colour)


def _markdown(
    sides: "tuple[NamedMesh, NamedMesh]", found: "Difference", configurations: "list[EnvoyChange]"
) -> str:
    from gitmesh.rendering.amounts import count
    from gitmesh.rendering.narration import narrate
    from gitmesh.safe_text import visible

    heading = f"### Mesh: {count(len(found.changes), 'change')}, {_code(sides[0].label)} → "
    parts = [heading + _code(sides[1].label), ""]
    parts += [f"- {_escaped(narrate(event))}" for event in found.changes]
    if found.changes:
        parts += ["", f"**Blast radius:** {found.radius.sentence()}."]
    for each in configurations:
        summary = _escaped(visible(f"{each.node}: {each.type} {each.name}"))
        fence = "````"
        body = "\n".join(visible(line) for line in each.change.lines)
        parts += ["", f"<details><summary>{summary}</summary>", "", f"{fence}diff", body, fence]
        parts += ["", "</details>"]
    return "\n".join(parts)


def _code(text: str) -> str:
    from gitmesh.safe_text import visible

    return f"`{visible(text).replace('`', '')}`"


def _escaped(text: str) -> str:
    """Escape Markdown and HTML in text, which may contain names from other people."""
    for character in "\\`*_{}[]<>#|":
        text = text.replace(character, f"\\{character}")
    return text.replace("\\<", "&lt;").replace("\\>", "&gt;")
