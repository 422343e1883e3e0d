"""``gitmesh validate``: everything that is wrong with specs, before anybody pushes them."""

from pathlib import Path

import click

from gitmesh import exit_codes
from gitmesh.options import examples, json_option, repo_option
from gitmesh.output import count, emit_json, problem_text


@click.command(
    "validate",
    short_help="Find everything that is wrong with specs.",
    epilog=examples(
        "gitmesh validate                          # the specs in the current directory",
        "gitmesh validate sample-repo",
        "gitmesh validate HEAD~2 --repo shop.git   # a commit",
        "gitmesh validate --json . | jq '.problems[].code'",
    ),
)
@click.argument("target", default=".", metavar="[DIR|REV]")
@repo_option
@json_option
@click.pass_context
def command(ctx: click.Context, target: str, repo: Path | None, as_json: bool) -> None:
    """Check specs as a push would, and report all problems at once, sorted by file and line.

    A folder is read as it stands on disk, a revision from git. Exits with 1 when something is wrong
    that would make gitmesh refuse the commit; warnings alone do not.
    """
    from gitmesh.sources import read_target
    from mesh.problem import Severity

    tree = read_target(target, repo).tree
    wrong = sum(p.severity is Severity.ERROR for p in tree.problems)
    warnings = len(tree.problems) - wrong
    if as_json:
        emit_json(
            {
                "ok": not wrong,
                "errors": wrong,
                "warnings": warnings,
                "files": len(tree.files),
                "resources": len(tree.graph.resources),
                "problems": [p.as_json() for p in tree.problems],
            }
        )
    else:
        for problem in tree.problems:
            click.echo(problem_text(problem))
        read = f"{count(len(tree.graph.resources), 'resource')} in {count(len(tree.files), 'file')}"
        verdict = f"{count(wrong, 'error')}, {count(warnings, 'warning')}; read {read}"
        click.secho(verdict if tree.problems else f"all well: {read}", bold=True)
    ctx.exit(exit_codes.REFUSED if wrong else exit_codes.OK)
