"""``gitmesh apply``: send resources from files to a running server, as one commit."""

from pathlib import Path

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


@click.command(
    "apply",
    short_help="Apply files to a running server, as one commit.",
    epilog=examples(
        "gitmesh apply -f cart.yaml --server http://127.0.0.1:18080",
        "gitmesh apply -f shop/ --dry-run",
        'gitmesh get route cart/all -o yaml | sed s/50/60/ | gitmesh apply -f - -m "More to v2"',
    ),
)
@files_option
@message_option
@dry_run_option
@server_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    connect: Connect,
    files: tuple[Path, ...],
    message: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Create or change the resources in files, on a running server, as one commit or not at all.

    The server edits the documents where they are in its repository: comments stay. Resources whose
    spec is equal are not changed. Resources that the files do not name stay as they are. Exits with
    1 if a file, or the resulting mesh, would have errors; nothing is changed then.
    """
    if not files:
        raise click.MissingParameter(ctx=ctx, param_hint="'-f'", param_type="option")
    documents, wrong = read_documents(files)
    if wrong:
        refuse(wrong, as_json=as_json)
        ctx.exit(exit_codes.REFUSED)
    if not documents:
        raise click.UsageError("the files contain no resource", ctx)
    body = {"apply": list(documents.values()), "message": message, "dryRun": dry_run}
    with connect() as api:
        done = send(api, body, list(documents), as_json=as_json)
    ctx.exit(exit_codes.OK if done else exit_codes.REFUSED)
