"""``gitmesh hooks``: have a repository check pushes, and answer them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, log_option, repo_named
from gitmesh.cli.output import emit_json

if TYPE_CHECKING:
    from gitmesh.hooks.scripts import Outcome
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
    from gitmesh.hooks.scripts import HookOptions, Outcome, hooks_folder, install
    from gitmesh.queries.log_location import git_dir, linked_branch
    from reconciler.git.initialization import ready_for_pushes
    from reconciler.git.repository import GitRepository, branch_ref

    settings: Settings = ctx.obj
    where = git_dir(repo)
    # A linked work tree has a HEAD of its own, which gitmesh serve follows there, too.
    branch = branch or settings.branch or linked_branch(repo)
    if branch is not None:
        branch_ref(branch)
    options = HookOptions(branch, log or settings.log, wait_s)
    found = install(where, options)
    ready_for_pushes(where)
    followed = GitRepository.open(where).following(branch)
    if as_json:
        emit_json({"repository": str(where), "branch": followed, "hooks": found})
    else:
        show(found, hooks_folder(where))
        if Outcome.WRITTEN in found.values():
            click.echo(f"pushes to {followed.removeprefix('refs/heads/')} are checked")
    kept = Outcome.KEPT in found.values()
    ctx.exit(exit_codes.REFUSED if kept else exit_codes.OK)


def show(found: "dict[str, Outcome]", folder: Path) -> None:
    """Print the result for each hook."""
    from gitmesh.hooks.scripts import Outcome, by_hand

    for name, outcome in found.items():
        path = folder / name
        if outcome is Outcome.WRITTEN:
            click.echo(f"hook {name}: written to {path}")
        else:
            click.echo(f"hook {name}: {path} was not written by gitmesh and stays as it is")
            click.echo(f"  hint: add this command to it: {by_hand(name)}")
