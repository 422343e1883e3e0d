"""``gitmesh checkpoint``: sign the current state of the log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.service.audit.signed_checkpoint import SignedCheckpoint
    from gitmesh.settings import Settings


@click.command(
    "checkpoint",
    short_help="Sign the current state of the event log.",
    epilog=examples(
        "gitmesh checkpoint --repo shop.git --key /etc/gitmesh/shop.key",
        "git -C shop.git push elsewhere refs/gitmesh/checkpoints",
        "git -C shop.git show refs/gitmesh/checkpoints:mesh > kept.txt",
    ),
)
@asked_repo
@log_option
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The secret key to sign with. Default: GITMESH_CHECKPOINT_KEY.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context, repo: Path, log: Path | None, key: Path | None, as_json: bool
) -> None:
    """Sign the sizes and Merkle roots of both chains, as checkpoints in the C2SP format.

    The checkpoints are committed to refs/gitmesh/checkpoints of REPO. If the log does not contain
    everything that earlier checkpoints cover, nothing is signed and the exit code is 1. gitmesh
    serve does the same by itself if it has a key.
    """
    from events.opening import open_for_reading
    from gitmesh.audit.checkpoint_signer import Refused
    from gitmesh.json_shapes.audit import checkpoint_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.audit.signed_checkpoint import sign_checkpoint

    settings: Settings = ctx.obj
    path = _required(key or settings.checkpoint_key)
    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        try:
            signed = sign_checkpoint(opened, repo, path)
        except Refused as error:
            click.secho(error.message, fg="red", err=True)
            ctx.exit(exit_codes.REFUSED)
    emit_json(checkpoint_shape(signed)) if as_json else _show(signed)


def _required(key: Path | None) -> Path:
    from mesh.errors import UsageError

    if key is not None:
        return key
    raise UsageError(
        "no signing key is given",
        hint="name one with --key; make one with: gitmesh keygen shop.key --name shop.example",
    )


def _show(signed: "SignedCheckpoint") -> None:
    from reconciler.git.checkpoint_ref import REF

    if signed.commit is None:
        click.echo("nothing is new since the last checkpoint")
        return
    told = ", ".join(f"{size} events of the {chain} chain" for chain, size in signed.sizes.items())
    click.echo(f"{REF} is at {signed.commit[:7]}: {told}")
