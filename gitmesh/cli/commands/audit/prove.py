"""``gitmesh prove``: print or check a proof that an event is in the log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import (
    asked_repo_option,
    examples,
    json_option,
    key_option,
    log_option,
    one_repo,
)
from gitmesh.cli.output import emit_json
from gitmesh.safe_text import visible

if TYPE_CHECKING:
    from events.integrity.checkpoint import Checkpoint
    from events.integrity.proof import Proven
    from gitmesh.settings import Settings


@click.command(
    "prove",
    short_help="Print a proof that an event is in the log.",
    epilog=examples(
        "gitmesh prove 12 --repo shop.git > proof.json",
        "gitmesh prove a1b2c3d --repo shop.git > proof.json    # that a commit was applied",
        "gitmesh log --repo shop.git --commit a1b2c3d    # shows the number of each event",
        "gitmesh prove 7 --repo shop.git --chain delivery > proof.json",
        "gitmesh prove --check proof.json --key shop.key.pub",
        "gitmesh prove --since kept-in-june.txt --repo shop.git > growth.json",
    ),
)
@click.argument("what", metavar="[SEQ|COMMIT] [REPO]", nargs=-1)
@asked_repo_option
@log_option
@click.option("--chain", type=click.Choice(["mesh", "delivery"]), default="mesh", show_default=True)
@click.option(
    "--since",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Prove that the newest checkpoint extends the one in FILE, instead of proving an event.",
)
@click.option(
    "--check",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Check the proof in FILE. This needs the public key, but no log.",
)
@key_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    what: tuple[str, ...],
    repo: Path,
    log: Path | None,
    chain: str,
    since: Path | None,
    check: Path | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Print a proof that an event is in the log of REPO, as JSON.

    SEQ is the number of an event in the output of gitmesh log. For a COMMIT, the proof is about the
    event that applied or rejected it.

    The proof contains the event, its time, its inclusion paths in the Merkle trees of the chain and
    of the times, and the newest signed checkpoint from refs/gitmesh/checkpoints. It reveals no
    other event of the log. With --since, it proves that nothing covered by an older checkpoint has
    changed. With --check, the exit code is 1 if a proof is wrong.
    """
    from events.opening import open_for_reading
    from events.types import Chain
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.audit.event_proof import event_proof, growth_proof

    settings: Settings = ctx.obj
    if check is not None:
        ctx.exit(_check(settings, check, key, as_json=as_json))
    event, named = _event_and_repository(what, since)
    where = one_repo(named, repo)
    with open_for_reading(existing_log(where, log or settings.log)) as opened:
        if since is not None:
            emit_json(growth_proof(opened, where, since))
        else:
            emit_json(event_proof(opened, where, Chain(chain), event))


def _event_and_repository(what: tuple[str, ...], since: Path | None) -> tuple[str, Path | None]:
    """Return the event, as a number or a commit, and the repository, if the arguments name one."""
    event, *rest = ("", *what) if since is not None else (what or ("",))
    if len(rest) > 1 or (since is None and event in ("", "0")):
        from mesh.errors import UsageError

        raise UsageError(
            "give the number or the commit of an event to prove, or a proof to --check",
            hint="gitmesh log shows the number of each event",
        )
    return event, Path(rest[0]) if rest else None


def _check(settings: "Settings", file: Path, key: Path | None, *, as_json: bool) -> int:
    from events.integrity.proof import WrongProof
    from gitmesh.audit.checkpoint_keys import public_keys
    from gitmesh.audit.proof_file import check_file
    from gitmesh.json_shapes.audit import proven_shape, wrong_proof_shape
    from mesh.errors import UsageError

    keys = public_keys(key, settings)
    if keys is None:
        raise UsageError(
            "no public key is given to check the signature", hint="give the public key with --key"
        )
    try:
        proven = check_file(file, keys)
    except WrongProof as error:
        if as_json:
            emit_json(wrong_proof_shape(error))
        else:
            click.secho(visible(f"{file}: {error}"), fg="red")
        return exit_codes.REFUSED
    emit_json(proven_shape(proven)) if as_json else _show(proven)
    return exit_codes.OK


def _show(proven: "Proven | tuple[Checkpoint, Checkpoint]") -> None:
    if isinstance(proven, tuple):
        older, newer = proven
        click.echo(
            f"the log that {newer.origin} signed when it had {newer.size} events begins with the "
            f"{older.size} that it had before"
        )
        return
    row, signed = proven.row, proven.checkpoint
    written = "" if proven.at is None else f", written at {proven.at},"
    told = (
        f"event {row.seq} of the {proven.chain} chain, {row.kind} of {row.subject} by "
        f"{row.actor or 'nobody named'}{written or ','} is in the log that {signed.origin} signed "
        f"when it had {signed.size} events"
    )
    click.echo(visible(told))
    if proven.at is None:
        click.echo("its time is not proven: an older gitmesh signed the checkpoint")
