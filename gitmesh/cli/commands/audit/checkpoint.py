"""``gitmesh checkpoint``: sign what the log says now."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import asked_repo, examples, json_option, log_option
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
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
    from gitmesh.audit.checkpoint_keys import read_beside, read_secret
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.server.checkpoint_signer import CheckpointSigner, Refused
    from mesh.errors import UsageError
    from reconciler.git.checkpoint_ref import REF
    from reconciler.git.repository import GitRepository

    settings: Settings = ctx.obj
    path = key or settings.checkpoint_key
    if path is None:
        raise UsageError(
            "no key to sign with",
            hint="name one with --key; make one with: gitmesh keygen shop.key --name shop.example",
        )
    with open_for_reading(existing_log(repo, log or settings.log)) as opened:
        git, before = GitRepository.open(repo), read_beside(path)
        signer = CheckpointSigner(opened, git, read_secret(path), before)
        try:
            filed = signer.sign()
        except Refused as error:
            click.secho(error.message, fg="red", err=True)
            ctx.exit(exit_codes.REFUSED)
        signed = {chain.value: size for chain, size in signer.signed.items()}
    if as_json:
        emit_json({"ref": REF, "commit": filed.commit if filed else None, "signed": signed})
    elif filed is None:
        click.echo("nothing is new since the last checkpoint")
    else:
        click.echo(f"{REF} is at {filed.commit[:7]}: " + _told(signed))


def _told(signed: dict[str, int]) -> str:
    return ", ".join(f"{size} events of the {chain} chain" for chain, size in signed.items())
