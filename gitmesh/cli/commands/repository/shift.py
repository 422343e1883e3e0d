"""``gitmesh shift``: move traffic to another virtual node, step by step."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.help_text import Context
from gitmesh.cli.options import examples, json_option, log_option, repo_here
from gitmesh.cli.output import emit_json, refuse, table

if TYPE_CHECKING:
    from gitmesh.service.shifts.overview import Overview
    from gitmesh.service.shifts.request import ShiftChange, ShiftRequests
    from gitmesh.settings import Settings

_repo = repo_here("The repository with the shift.")
_branch = click.option("--branch", help="The branch. Default: the one that HEAD names.")
_reason = click.option("--reason", default="", help="The reason, for the commit message.")


@click.group(
    "shift",
    short_help="Move traffic to another version, step by step.",
    epilog=examples(
        "gitmesh shift start cart-v2 --repo shop.git \\",
        "    --route mesh/shop/virtualRouter/cart/route/all --to cart-v2 \\",
        "    --steps 5,25,50,100 --interval 2m --success-rate 99.5",
        "gitmesh shift status cart-v2 --repo shop.git --watch",
        'gitmesh shift hold cart-v2 --repo shop.git --reason "load test"',
        "gitmesh shift abort cart-v2 --repo shop.git --reason INC-7",
    ),
)
def command() -> None:
    """Move traffic to another version, step by step, while gates pass.

    A shift is a document in the repository, .gitmesh/shifts/NAME.yaml. A running server makes one
    commit for each step, when the interval is over and all gates pass; if a gate fails, it reverts
    the steps. Each of these commands makes a commit, and works without a server, too.
    """


@command.command(
    "start",
    short_help="Commit a new shift.",
    epilog=examples(
        "gitmesh shift start cart-v2 --to cart-v2 \\",
        "    --route mesh/shop/virtualRouter/cart/route/all",
        "gitmesh shift start cart-v2 --file shift.yaml --repo shop.git",
    ),
)
@click.argument("name")
@_repo
@_branch
@click.option("--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A shift document; then no other option about the shift is needed.")  # fmt: skip
@click.option("--route", metavar="RESOURCE", help="The route, named as in gitmesh state.")
@click.option("--from", "from_", metavar="NODE", help="Default: the target with most weight.")
@click.option("--to", metavar="NODE", help="The virtual node that is to get the traffic.")
@click.option("--steps", default="5,25,50,100", show_default=True, help="Percents of the traffic.")
@click.option("--interval", default="1m", show_default=True, help="Shortest time of a step.")
@click.option("--success-rate", metavar="PERCENT", help="Gate: the smallest success rate.")
@click.option("--latency", metavar="TIME", help="Gate: the largest 99th percentile, as 500ms.")
@click.option("--min-requests", type=int, help="Requests that a step needs. Default: 100.")
@click.option("--no-baseline", is_flag=True, help="Do not compare errors with the old version.")
@click.option("--no-gates", is_flag=True, help="Make steps by time alone.")
@click.option("--on-failure", type=click.Choice(["revert", "hold"]), default="revert",
              show_default=True, help="What to do when a gate fails.")  # fmt: skip
@json_option
@click.pass_context
def start(
    ctx: click.Context,
    /,
    name: str,
    repo: Path,
    branch: str | None,
    file: Path | None,
    route: str | None,
    to: str | None,
    as_json: bool,
    **options: "str | int | bool | None",
) -> None:
    """Commit the document of a new shift. A running server begins at once.

    The route must have both virtual nodes as targets; the new one may have weight 0. By default,
    the success rate is compared with that of the old version in the same time.
    """
    from gitmesh.service.shifts.branch import ShiftBranch
    from gitmesh.service.shifts.new_document import ShiftOptions, document_text

    requests = _requests(ctx, repo, branch)
    if file is not None:
        text = file.read_text(encoding="utf-8")
    elif route is None or to is None:
        raise click.UsageError("give --route and --to, or --file")
    else:
        known = ShiftBranch(repo, requests.branch)
        graph = known.graph(known.tip().commit)
        text = document_text(graph, route, ShiftOptions.of(to, options))
    _tell(ctx, requests.start(name, text), "starts", as_json=as_json)


@command.command(
    "list", short_help="List all shifts.", epilog=examples("gitmesh shift list --repo shop.git")
)
@_repo
@_branch
@log_option
@json_option
@click.pass_context
def list_(
    ctx: click.Context, repo: Path, branch: str | None, log: Path | None, as_json: bool
) -> None:
    """List the shifts of the repository, with those that have ended."""
    found = _overview(ctx, repo, branch, log, None)
    if as_json:
        from gitmesh.json_shapes.traffic.shifts import shifts_shape

        emit_json(shifts_shape(found))
        return
    refuse(found.problems, as_json=False)
    rows = [
        (
            each.shift.name,
            each.state,
            f"{each.step}/{_count(each.shift)}",
            each.shift.document.spec.to,
        )
        for each in found.shifts
    ]
    click.echo(table([("NAME", "STATE", "STEP", "TO"), *rows]) if rows else "no shift")


@command.command(
    "status",
    short_help="Show step, weights, figures, and what happens next.",
    epilog=examples(
        "gitmesh shift status cart-v2 --repo shop.git",
        "gitmesh shift status cart-v2 --repo shop.git --watch",
    ),
)
@click.argument("name", required=False)
@_repo
@_branch
@log_option
@click.option("--watch", is_flag=True, help="Show each change, until the shift ends.")
@json_option
@click.pass_context
def status(
    ctx: click.Context,
    name: str | None,
    repo: Path,
    branch: str | None,
    log: Path | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Show the step, the weights, the verdicts with their figures, and what happens next.

    Figures are those that a running server sees. With --watch, the exit code is 0 if the shift was
    promoted, and 1 if it ended in another way.
    """
    shown = ""
    while True:
        found = _overview(ctx, repo, branch, log, name)
        text = _text(found, as_json=as_json)
        if text != shown:
            click.echo(text)
            shown = text
        if not watch or all(each.is_over for each in found.shifts):
            break
        time.sleep(0.2)
    if watch and any(each.state != "promoted" for each in found.shifts):
        ctx.exit(exit_codes.REFUSED)


def _change(verb: str, done: str, words: str, *, needs_reason: bool = False) -> click.Command:
    """Return a command that changes a shift by its name."""

    @click.command(
        verb,
        help=words,
        short_help=words.partition(".")[0] + ".",
        epilog=examples(f"gitmesh shift {verb} cart-v2 --repo shop.git --reason INC-7"),
    )
    @click.argument("name")
    @_repo
    @_branch
    @_reason
    @json_option
    @click.pass_context
    def change(
        ctx: click.Context, name: str, repo: Path, branch: str | None, reason: str, as_json: bool
    ) -> None:
        said = reason or ("held by a person" if needs_reason else "")
        made = getattr(_requests(ctx, repo, branch), verb)(name, said)
        _tell(ctx, made, done, as_json=as_json)

    return change


for _each in (
    _change(
        "hold",
        "holds",
        "Make no further step until the shift is resumed. A failing gate still reverts it.",
        needs_reason=True,
    ),
    _change("resume", "resumes", "Make steps again, with new evidence."),
    _change("promote", "promotes", "Give all traffic to the new version at once. The shift ends."),
    _change("abort", "aborts", "Restore the weights of the start at once. The shift ends."),
):
    command.add_command(_each)
for _each in command.commands.values():
    _each.context_class = Context


def _requests(ctx: click.Context, repo: Path, branch: str | None) -> "ShiftRequests":
    from gitmesh.queries.log_location import git_dir
    from gitmesh.service.changes.planned_commit import Authorship
    from gitmesh.service.shifts.request import ShiftRequests
    from gitmesh.settings import operator
    from reconciler.git.writing import Person

    settings: Settings = ctx.obj
    git_dir(repo)
    who = Person(*operator(repo))
    return ShiftRequests(repo, branch or settings.branch or None, Authorship(who, who))


def _overview(
    ctx: click.Context, repo: Path, branch: str | None, log: Path | None, name: str | None
) -> "Overview":
    from gitmesh.queries.log_location import git_dir, log_path
    from gitmesh.service.shifts.branch import ShiftBranch
    from gitmesh.service.shifts.overview import overview

    settings: Settings = ctx.obj
    git_dir(repo)
    followed = ShiftBranch(repo, branch or settings.branch or None)
    return overview(followed, log_path(repo, log or settings.log), name)


def _text(found: "Overview", *, as_json: bool) -> str:
    from gitmesh.json_shapes.traffic.shifts import shifts_shape
    from gitmesh.safe_text import visible_json, visible_lines
    from gitmesh.shifts.status import status_lines

    if as_json:
        import json

        return visible_json(json.dumps(shifts_shape(found), indent=2, ensure_ascii=False))
    lines = [
        line
        for each in found.shifts
        for line in status_lines(each, running=each.shift.name in found.seen_by_server)
    ]
    return visible_lines("\n".join(lines)) if lines else "no shift"


def _count(shift: object) -> int:
    from gitmesh.shifts.reading import Shift
    from gitmesh.shifts.weights import steps_of

    return len(steps_of(shift.document.spec)) if isinstance(shift, Shift) else 0


def _tell(ctx: click.Context, made: "ShiftChange", verb: str, *, as_json: bool) -> None:
    from gitmesh.rendering.narration import short

    if as_json:
        from gitmesh.json_shapes.traffic.shifts import shift_change_shape

        emit_json(shift_change_shape(made))
    elif made.problems:
        refuse(made.problems, as_json=False)
        click.echo("nothing was changed", err=True)
    elif made.commit is None:
        click.echo(f"shift {made.name} is so already")
    else:
        click.echo(f"{short(made.commit)} {verb} shift {made.name}")
    ctx.exit(exit_codes.REFUSED if made.problems else exit_codes.OK)
