"""``gitmesh diff -f``: the difference between a running server and files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.commands.server.changes import read_documents
from gitmesh.cli.output import emit_json, refuse

if TYPE_CHECKING:
    from gitmesh.cli.commands.server.connection import Connect
    from gitmesh.json_shapes.changes import BlastRadiusShape, ChangeShape, DifferenceShape


def show_file_difference(connect: "Connect", files: tuple[Path, ...], *, as_json: bool) -> int:
    """Show what applying files would change on a server; return the exit code, as kubectl does.

    :return: 0 without a difference, 1 with one, 2 if the server would refuse the files.
    """
    from gitmesh.client.server_api import ChangeRefused

    documents, wrong = read_documents(files)
    if wrong:
        refuse(wrong, as_json=as_json)
        return exit_codes.USAGE
    if not documents:
        raise click.UsageError("the files contain no resource")
    with connect() as api:
        url = api.url
        try:
            answer = api.post("/changes", {"apply": list(documents.values()), "dryRun": True})
        except ChangeRefused as refused:
            if not as_json:
                click.echo(f"the server would refuse it: {refused.message}", err=True)
            refuse(refused.problems, as_json=as_json)
            return exit_codes.USAGE
    found = _shape(url, files, answer)
    emit_json(found) if as_json else _show(found)
    return exit_codes.REFUSED if found["changes"] else exit_codes.OK


def _shape(url: str, files: tuple[Path, ...], answer: dict[str, Any]) -> "DifferenceShape":
    return {
        "before": url,
        "after": ", ".join(map(str, files)),
        "changes": answer["changes"],
        "blastRadius": answer["blastRadius"],
    }


def _show(found: "DifferenceShape") -> None:
    from gitmesh.rendering.amounts import count
    from gitmesh.safe_text import visible

    heading = f"{found['before']} → {found['after']}: {count(len(found['changes']), 'change')}"
    click.secho(visible(heading), bold=True)
    for change in found["changes"]:
        click.echo(f"  {_told(change)}")
    if found["changes"]:
        click.echo(_extent(found["blastRadius"]))


def _told(change: "ChangeShape") -> str:
    from events.encoding.bodies import BODIES
    from events.encoding.codec import revive
    from gitmesh.rendering.narration import narrate
    from gitmesh.safe_text import visible
    from mesh.errors import Fatal

    kind, subject = change["kind"], change["subject"]
    try:
        return narrate(revive(kind, BODIES[kind].v, subject, "", change["data"]))
    except (KeyError, Fatal):  # the server is of another version
        return visible(f"{kind} {subject}")


def _extent(radius: "BlastRadiusShape") -> str:
    from gitmesh.queries.blast_radius import BlastRadius
    from mesh.keys import ResourceKey

    services, nodes = (
        tuple(map(ResourceKey.parse, names)) for names in (radius["services"], radius["nodes"])
    )
    return BlastRadius(
        services, nodes, radius["ofServices"], radius["ofNodes"], radius["proxies"]
    ).sentence()
