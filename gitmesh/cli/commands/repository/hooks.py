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
    short_help="Have a repository check pushes, and answer them.",
    epilog=examples(
        "gitmesh hooks shop.git",
        "gitmesh hooks /srv/mesh.git --branch live --log /var/lib/gitmesh/events.sqlite3",
        "gitmesh hooks shop.git --wait 30          # answer when slow proxies are in sync, too",
    ),
)
@repo_named("The repository that gets them.")
@click.option("--branch", help="The branch that is served. Default: the one that HEAD names.")
@log_option
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 3600),
    metavar="SECONDS",
    help="How long a push waits for the proxies at most. Default: 5.",
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
    """Write the hooks pre-receive and post-receive into REPO, as gitmesh init does.

    A push to the branch that is served is then checked before it is let in: a mistake is told in
    the pusher's terminal, with file, line and hint. What is let in is answered with what it
    changes, whom it concerns, and whether the proxies took it; who pushed it, and what git push -o
    said, goes into the event log. Other branches pass. The branch is the one that REPO has checked
    out, which in a linked work tree is its own.

    They are written to where git looks for REPO's hooks: core.hooksPath, if REPO's configuration
    sets it. Hooks of somebody else are left as they are (exit code 1); ours are written anew. No
    push can move refs/gitmesh/ from then on, where checkpoints are (receive.hideRefs).
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
    """Tell what became of each hook."""
    from gitmesh.hooks.scripts import Outcome, by_hand

    for name, outcome in found.items():
        path = folder / name
        if outcome is Outcome.WRITTEN:
            click.echo(f"hook {name}: written to {path}")
        else:
            click.echo(f"hook {name}: {path} is somebody else's and stays as it is")
            click.echo(f"  hint: let it run this, too: {by_hand(name)}")
