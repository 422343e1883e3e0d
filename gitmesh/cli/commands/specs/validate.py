"""``gitmesh validate``: all problems of specs, before a push."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option, repo_option
from gitmesh.cli.output import emit_json, problem_text
from gitmesh.rendering.amounts import count
from mesh.errors import UsageError
from mesh.keys import Kind

if TYPE_CHECKING:
    from gitmesh.service.specs.validation import Report


@click.command(
    "validate",
    short_help="Check specs, and report all problems at once.",
    epilog=examples(
        "gitmesh validate                          # the specs in the current directory",
        "gitmesh validate sample-repo",
        "gitmesh validate HEAD~2 --repo shop.git   # a commit",
        "gitmesh validate --no-link route.json     # one spec alone, even without names",
        "gitmesh validate --json . | jq '.problems[].code'",
    ),
)
@click.argument("targets", nargs=-1, metavar="[DIR|REV|FILE...]")
@repo_option
@click.option(
    "--no-link",
    "alone",
    is_flag=True,
    help="Check each document alone: it may refer to missing resources, and may lack names.",
)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind]),
    help="With --no-link: the kind of a spec without names, if its form fits several kinds.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    targets: tuple[str, ...],
    repo: Path | None,
    alone: bool,
    kind: str | None,
    as_json: bool,
) -> None:
    """Check specs as a push would, and report all problems at once, sorted by file and line.

    Folders and files are read from disk, a revision from git. Several files are checked as one
    mesh. If a folder or file is only a part of a clone, it is checked together with the whole
    clone, and only the problems in that part are reported. The command reads native documents,
    output of "aws appmesh describe-…", and Kubernetes manifests. Exits with 1 if gitmesh would
    refuse a commit with these specs; warnings do not count.
    """
    from gitmesh.json_shapes.specs import validation_shape
    from gitmesh.service.specs.validation import check_alone, check_linked

    if alone:
        report = check_alone(targets, repo, Kind(kind) if kind else None)
    elif kind is None:
        report = check_linked(targets, repo)
    else:
        raise UsageError(
            "--kind goes with --no-link", hint="without --no-link, each spec needs its names"
        )
    emit_json(validation_shape(report)) if as_json else _show(report)
    ctx.exit(exit_codes.REFUSED if report.errors else exit_codes.OK)


def _show(report: "Report") -> None:
    for problem in report.problems:
        click.echo(problem_text(problem))
    read = f"{count(report.resources, 'resource')} in {count(report.files, 'file')}"
    verdict = f"{count(report.errors, 'error')}, {count(report.warnings, 'warning')}"
    well = "no problems" if report.resources else "no problems, but there is no resource here"
    said = f"{verdict}; read {read}" if report.problems else f"{well}: {read}"
    if report.part_of is not None:
        said += f", linked with all of {os.path.relpath(report.part_of)}"
    click.secho(said, bold=True)
    if report.elsewhere:
        where = shlex.quote(os.path.relpath(report.part_of or Path()))
        click.echo(f"{count(report.elsewhere, 'error')} elsewhere there: gitmesh validate {where}")
