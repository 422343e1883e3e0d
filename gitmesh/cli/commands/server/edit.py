"""``gitmesh edit``: edit one resource of a running server in an editor."""

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.commands.server.changes import message_option, read_documents, send
from gitmesh.cli.commands.server.connection import Connect, server_options
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import refuse

if TYPE_CHECKING:
    from gitmesh.client.server_api import ServerApi
    from mesh.canonical import JsonObject
    from mesh.keys import ResourceKey


@click.command(
    "edit",
    short_help="Edit a resource of a running server.",
    epilog=examples(
        "gitmesh edit route cart/all --server http://127.0.0.1:18080",
        "EDITOR='code --wait' gitmesh edit mesh/shop/virtualNode/cart-v2 -m 'Longer timeout'",
    ),
)
@click.argument("kind")
@click.argument("name", required=False)
@click.option("--mesh", metavar="NAME", help="The mesh of the resource.")
@message_option
@server_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    connect: Connect,
    kind: str,
    name: str | None,
    mesh: str | None,
    message: str,
    as_json: bool,
) -> None:
    """Open the document of a resource in the editor (VISUAL, EDITOR), and apply the saved text.

    KIND and NAME are those of gitmesh get. If nothing is changed, nothing is done. If somebody else
    has changed the resource meanwhile, nothing is changed, and both changes are shown. Then, and if
    the server refuses it, the text is kept in a file.
    """
    with connect() as api:
        key = _key(ctx, api, kind, name, mesh)
        before = api.get(f"/resources/{key}")
        text = _edited(before)
        if text is None:
            if as_json:
                same = {"apply": [before["document"]], "dryRun": True}
                send(api, same, [key], as_json=True)
            else:
                click.echo(f"{key} unchanged")
            return
        kept = _kept(text)
        done = _apply(ctx, api, key, before, kept, message, as_json=as_json)
    if done:
        kept.unlink()
        return
    line = shlex.join(["gitmesh", "apply", "-f", str(kept)])
    click.echo(f"your text was saved: correct it, then {line}", err=True)
    ctx.exit(exit_codes.REFUSED)


def _key(
    ctx: click.Context, api: "ServerApi", kind: str, name: str | None, mesh: str | None
) -> "ResourceKey":
    from gitmesh.cli.commands.server.naming import key_named, kind_named

    if "/" in kind and name is None:
        return key_named(api, None, kind, mesh)
    if name is None:
        raise click.MissingParameter(ctx=ctx, param_hint="'NAME'", param_type="argument")
    return key_named(api, kind_named(kind), name, mesh)


def _edited(found: dict[str, Any]) -> str | None:
    """Return the text that the user saved; ``None`` if it is unchanged."""
    from gitmesh.rendering.documents import yaml_documents

    text = yaml_documents([found["document"]])
    edited = click.edit(text, extension=".yaml")
    return None if edited is None or edited.strip() in ("", text.strip()) else edited


def _kept(text: str) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", prefix="gitmesh-", suffix=".yaml", delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
    return Path(file.name)


def _apply(
    ctx: click.Context,
    api: "ServerApi",
    key: "ResourceKey",
    before: dict[str, Any],
    text: Path,
    message: str,
    *,
    as_json: bool,
) -> bool:
    from gitmesh.client.server_api import ChangedMeanwhile

    documents, wrong = read_documents((text,))
    if wrong:
        refuse(wrong, as_json=as_json)
        return False
    if list(documents) != [key]:
        click.echo(f"the document no longer describes {key}", err=True)
        return False
    document = documents[key]
    if "tags" in before["document"]:
        document.setdefault("tags", [])  # they were deleted in the editor
    body = {"apply": [document], "expected": [before["document"]], "message": message}
    try:
        return send(api, body, [key], as_json=as_json)
    except ChangedMeanwhile as lost:
        click.echo(f"nothing was changed: {lost.message}", err=True)
        _show_both(api, key, before["document"], document)
        return False


def _show_both(
    api: "ServerApi", key: "ResourceKey", before: "JsonObject", mine: "JsonObject"
) -> None:
    """Show what somebody else has changed, and what the user wanted to change."""
    from mesh.errors import UsageError

    try:
        theirs = api.get(f"/resources/{key}")["document"]
    except UsageError:
        theirs = None
    for heading, after in (("changed by somebody else", theirs), ("your change", mine)):
        click.secho(f"{heading}:", bold=True, err=True)
        for line in _compared(before, after):
            click.echo(f"  {line}", err=True)


def _compared(before: "JsonObject", after: "JsonObject | None") -> list[str]:
    from difflib import unified_diff

    from gitmesh.rendering.documents import yaml_documents
    from gitmesh.safe_text import visible

    old = yaml_documents([before]).splitlines()
    new = [] if after is None else yaml_documents([after]).splitlines()
    return [visible(line) for line in list(unified_diff(old, new, lineterm=""))[2:]]
