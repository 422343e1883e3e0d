"""``gitmesh delete``: delete resources on a running server, as one commit."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.commands.server.changes import (
    dry_run_option,
    files_option,
    message_option,
    read_documents,
    send,
)
from gitmesh.cli.commands.server.connection import Connect, server_options
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import refuse

if TYPE_CHECKING:
    from gitmesh.client.server_api import ServerApi
    from mesh.keys import ResourceKey


@click.command(
    "delete",
    short_help="Delete resources of a running server, as one commit.",
    epilog=examples(
        "gitmesh delete route cart/testers --server http://127.0.0.1:18080",
        "gitmesh delete node cart-v1 cart-v2 --mesh shop --dry-run",
        "gitmesh delete -f cart.yaml -m 'The cart is gone'",
    ),
)
@click.argument("kind", required=False)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--mesh", metavar="NAME", help="The mesh of the resources.")
@files_option
@message_option
@dry_run_option
@server_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    connect: Connect,
    kind: str | None,
    names: tuple[str, ...],
    mesh: str | None,
    files: tuple[Path, ...],
    message: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete resources, given by name or by files, as one commit or not at all.

    KIND and NAME are as in gitmesh get. If other resources refer to one of them, nothing is deleted
    and the exit code is 1.
    """
    documents, wrong = read_documents(files)
    if wrong:
        refuse(wrong, as_json=as_json)
        ctx.exit(exit_codes.REFUSED)
    with connect() as api:
        keys = [*documents, *_named(api, kind, names, mesh)]
        if not keys:
            raise click.UsageError("no resource is given: write KIND NAME, or -f FILE", ctx)
        body = {"delete": list(map(str, keys)), "message": message, "dryRun": dry_run}
        done = send(api, body, keys, as_json=as_json)
    ctx.exit(exit_codes.OK if done else exit_codes.REFUSED)


def _named(
    api: "ServerApi", kind: str | None, names: tuple[str, ...], mesh: str | None
) -> "list[ResourceKey]":
    from gitmesh.cli.commands.server.naming import key_named, kind_named

    if kind is None:
        return []
    if "/" in kind:
        return [key_named(api, None, name, mesh) for name in (kind, *names)]
    chosen = kind_named(kind)
    return [key_named(api, chosen, name, mesh) for name in names]
