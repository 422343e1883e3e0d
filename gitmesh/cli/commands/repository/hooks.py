"""``gitmesh hooks``: install hooks that check pushes and report their result."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, log_option, repo_named
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.service.repository.hook_installation import InstalledHooks
    from gitmesh.settings import Settings


@click.command(
    "hooks",
    short_help="Install git hooks that check pushes and report the result.",
    epilog=examples(
        "gitmesh hooks shop.git",
        "gitmesh hooks /srv/mesh.git --branch live --log /var/lib/gitmesh/events.sqlite3",
        "gitmesh hooks shop.git --wait 30          # wait longer, for slow proxies",
    ),
)
@repo_named("The repository that gets the hooks.")
@click.option("--branch", help="The served branch. Default: the one that HEAD names.")
@log_option
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 3600),
    metavar="SECONDS",
    help="Maximum time that a push waits for proxies to acknowledge. Default: 5.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    repo: Path,
    branch: str | None,
    log: Path | None,
    wait_s: float | None,
    as_json: bool,
) -> None:
    """Install the git hooks pre-receive and post-receive in REPO, as gitmesh init does.

    The hooks check each push to the served branch before git accepts it, and report each problem in
    the pusher's terminal, with file, line and hint. For an accepted push they report the changes,
    the affected services and proxies, and whether the proxies acknowledged. The event log records
    the pusher and the options of git push -o. Pushes to other branches are not checked. The served
    branch is the one that REPO has checked out; a linked work tree has its own.

    The hooks go to the folder from which git runs the hooks of REPO: core.hooksPath, if it is set.
    Existing hooks that gitmesh did not write stay as they are (exit code 1); hooks of gitmesh are
    replaced. From then on no push can change refs/gitmesh/, where checkpoints are stored
    (receive.hideRefs).
    """
    from gitmesh.hooks.scripts import HookOptions
    from gitmesh.json_shapes.repository import installed_hooks_shape
    from gitmesh.service.repository.hook_installation import install_hooks

    settings: Settings = ctx.obj
    options = HookOptions(branch or settings.branch or None, log or settings.log, wait_s)
    found = install_hooks(repo, options)
    emit_json(installed_hooks_shape(found)) if as_json else _show(found)
    ctx.exit(exit_codes.OK if found.complete else exit_codes.REFUSED)


def _show(found: "InstalledHooks") -> None:
    from gitmesh.hooks.scripts import Outcome, by_hand

    for name, outcome in found.hooks.items():
        path = found.folder / name
        if outcome is Outcome.WRITTEN:
            click.echo(f"hook {name}: written to {path}")
        else:
            click.echo(f"hook {name}: {path} was not written by gitmesh and stays as it is")
            click.echo(f"  hint: add this command to it: {by_hand(name)}")
    if Outcome.WRITTEN in found.hooks.values():
        _tell_checked(found)


def _tell_checked(found: "InstalledHooks") -> None:
    """Print which pushes are checked; in a clone, warn that its own pushes are not."""
    import shlex

    branch, origin = found.branch.removeprefix("refs/heads/"), found.cloned_from
    if origin is None:
        click.echo(f"pushes to {branch} are checked")
        return
    click.echo(f"pushes that this clone receives on {branch} are checked")
    words = f"note: pushes from it go to {origin}, whose own hooks check them"
    click.secho(f"{words}: gitmesh hooks {shlex.quote(origin)}", fg="yellow", err=True)
