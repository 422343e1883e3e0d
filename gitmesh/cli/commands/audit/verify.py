"""``gitmesh verify``: prove that the log is intact and agrees with git."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import asked_repo, examples, json_option, key_option, log_option
from gitmesh.cli.output import emit_json
from gitmesh.rendering.amounts import count
from gitmesh.rendering.shell_quoting import pasted
from gitmesh.safe_text import visible

if TYPE_CHECKING:
    from gitmesh.audit.verification import Verdict
    from gitmesh.settings import Settings


@click.command(
    "verify",
    short_help="Verify the event log: hashes, checkpoints and git history.",
    epilog=examples(
        "gitmesh verify --repo shop.git",
        "gitmesh verify --repo shop.git --key shop.key.pub",
        "gitmesh verify --repo shop.git --key shop.key.pub --checkpoint kept-in-june.txt",
        "gitmesh verify --log backup.sqlite3 --no-git",
    ),
)
@asked_repo
@log_option
@click.option(
    "--against-git/--no-git",
    default=None,
    help="Derive every mesh event again from git history, and compare. Default: yes, unless "
    "only a log is given.",
)
@click.option(
    "--branch", help="The branch that the server followed. Default: the one that HEAD names."
)
@key_option
@click.option(
    "--checkpoint",
    "kept",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    multiple=True,
    metavar="FILE",
    help="A checkpoint that you stored elsewhere: the log must contain everything that it "
    "covers. May be repeated.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    repo: Path,
    log: Path | None,
    against_git: bool | None,
    branch: str | None,
    key: Path | None,
    kept: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Check the event log of REPO, and report the first wrong event.

    \b
    The log alone:  no gaps, correct hashes, triggers in place, projections that agree
    Checkpoints:    since the last signature nothing was removed or replaced
    Git:            each mesh event, derived again from its commit, is the same

    Without a repository, neither git history nor stored checkpoints are checked; the output says
    so.

    Exits with 1 if something is wrong. Exits with 5 if nothing is wrong, but a gitmesh with other
    rules decided some commits differently and no checkpoint covers them: see Upgrade in
    docs/operations.md.
    """
    from events.opening import open_for_reading
    from gitmesh.audit.checkpoint_keys import public_keys
    from gitmesh.cli.progress import progress_on_terminal
    from gitmesh.json_shapes.audit import verdict_shape
    from gitmesh.queries.log_lookup import existing_log
    from gitmesh.service.audit.log_verification import Evidence, verify_log

    gc.set_threshold(50_000, 20, 50)  # as serve does: a long history makes much and keeps little
    settings: Settings = ctx.obj
    where = existing_log(repo, log or settings.log)
    source = repo if _uses_git(ctx, against_git, log or settings.log) else None
    evidence = Evidence(source, branch or settings.branch or None, public_keys(key, settings), kept)
    with open_for_reading(where) as opened, progress_on_terminal(quiet=as_json) as progress:
        verdict = verify_log(opened, evidence, progress)
    emit_json(verdict_shape(verdict)) if as_json else _show(verdict)
    ctx.exit(_exit_code(verdict))


def _uses_git(ctx: click.Context, asked: bool | None, log: Path | None) -> bool:
    """Return whether to compare with git: as the option says, else if the log belongs to a
    repository."""
    from click.core import ParameterSource

    if asked is not None:
        return asked
    sources = map(ctx.get_parameter_source, ("named", "repo"))
    return log is None or any(source is not ParameterSource.DEFAULT for source in sources)


def _exit_code(verdict: "Verdict") -> int:
    if verdict.problems:
        return exit_codes.REFUSED
    return exit_codes.UNPROVEN if verdict.unproven else exit_codes.OK


def _show(verdict: "Verdict") -> None:
    for line in verdict.problems:
        click.secho(visible(line), fg="red")
    for line in verdict.unproven:
        click.secho(visible(line), fg="yellow")
    for name, head in verdict.heads.items():
        click.echo(f"{name:>8} chain: {head.seq} events, head {head.hash[:16] or 'empty'}")
    for line in verdict.notes:
        click.echo(pasted(visible(line)))
    wrong = len(verdict.problems)
    if not wrong and verdict.unproven:
        click.echo("nothing is wrong, but not all of it can be proven here")
        return
    whole = "the log is intact" + (", as far as it was checked" if verdict.unasked else "")
    click.echo(f"{count(wrong, 'thing')} wrong" if wrong else whole)
