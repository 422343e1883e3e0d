"""``gitmesh prove``: show that an event is in the log to somebody who has no log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh import exit_codes
from gitmesh.options import examples, json_option, key_option, log_option, repo_argument
from gitmesh.output import emit_json
from gitmesh.visible import visible

if TYPE_CHECKING:
    from gitmesh.settings import Settings


@click.command(
    "prove",
    short_help="Prove that an event is in the log, to somebody who has no log.",
    epilog=examples(
        "gitmesh prove 12 shop.git > proof.json",
        "gitmesh prove 7 shop.git --chain delivery > proof.json",
        "gitmesh prove --check proof.json --key shop.key.pub",
    ),
)
@click.argument("seq", type=click.IntRange(min=1), required=False)
@repo_argument
@log_option
@click.option("--chain", type=click.Choice(["mesh", "delivery"]), default="mesh", show_default=True)
@click.option(
    "--check",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Check a proof instead of making one. Nothing but the public key is needed.",
)
@key_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    seq: int | None,
    repo: Path,
    log: Path | None,
    chain: str,
    check: Path | None,
    key: Path | None,
    as_json: bool,
) -> None:
    """Print a proof that event SEQ is in the log of REPO, as JSON.

    It holds the event, the path to the root of the Merkle tree over its chain, and the signed
    checkpoint with that root: the newest one in refs/gitmesh/checkpoints. It shows nothing else of
    the log. A proof that --check finds wrong exits with 1.
    """
    settings: Settings = ctx.obj
    if check is not None:
        ctx.exit(_check(settings, check, key, as_json=as_json))
    if seq is None:
        raise click.UsageError("name the event to prove, or a proof to --check")
    emit_json(_prove(settings, seq, repo, log, chain))


def _prove(
    settings: "Settings", seq: int, repo: Path, log: Path | None, name: str
) -> dict[str, object]:
    from events.store import EventLog
    from events.types import Chain, Seq
    from gitmesh.places import existing_log
    from gitmesh.proving import prove_event
    from reconciler.repo import GitRepository

    opened = EventLog.read_only(existing_log(repo, log or settings.log))
    try:
        return {**prove_event(opened, GitRepository.open(repo), Chain(name), Seq(seq))}
    finally:
        opened.close()


def _check(settings: "Settings", file: Path, key: Path | None, *, as_json: bool) -> int:
    from events.proof import WrongProof
    from gitmesh.keys import public_keys
    from gitmesh.proving import check_file
    from mesh.errors import UsageError

    keys = public_keys(key, settings)
    if keys is None:
        raise UsageError("whose signature is to be checked?", hint="name the public key with --key")
    try:
        proven = check_file(file, keys)
    except WrongProof as error:
        if as_json:
            emit_json({"ok": False, "problem": str(error)})
        else:
            click.secho(visible(f"{file}: {error}"), fg="red")
        return exit_codes.REFUSED
    row, signed = proven.row, proven.checkpoint
    if as_json:
        where = {"origin": signed.origin, "size": signed.size}
        emit_json({"ok": True, "chain": proven.chain.value, "seq": row.seq, "checkpoint": where})
        return exit_codes.OK
    click.echo(
        visible(
            f"event {row.seq} of the {proven.chain} chain, {row.kind} of {row.subject} by "
            f"{row.actor or 'nobody named'}, is in the log that {signed.origin} signed when it had "
            f"{signed.size} events"
        )
    )
    return exit_codes.OK
