"""``gitmesh fmt``: specs in their one tidy layout, comments kept."""

from pathlib import Path

import click

from gitmesh.cli import exit_codes
from gitmesh.cli.options import examples, json_option
from gitmesh.cli.output import emit_json, problem_text
from gitmesh.rendering.amounts import count


@click.command(
    "fmt",
    short_help="Format specs; comments are kept.",
    epilog=examples(
        "gitmesh fmt                     # every spec below the current directory",
        "gitmesh fmt shop/cart/routes.yaml",
        "gitmesh fmt --check .           # change nothing; exit with 1 if a file is not formatted",
    ),
)
@click.argument("targets", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|DIR]...")
@click.option(
    "--check", is_flag=True, help="Change nothing; list the files that are not formatted."
)
@json_option
@click.pass_context
def command(ctx: click.Context, targets: tuple[Path, ...], check: bool, as_json: bool) -> None:
    """Format native specs: kind, names and spec first, then fields in a fixed order.

    The meaning of a spec never changes, and comments are kept. Short lists and objects in brackets
    stay in brackets. Files in other formats, such as Kubernetes manifests, are not changed. Exits
    with 1 if a file cannot be read, or, with --check, if a file is not formatted.
    """
    from gitmesh.service.spec_files import read_bytes, spec_files, write_text
    from mesh.parsing.document import DEFAULT_LIMITS
    from mesh.problems.problem import Problem
    from mesh.tidy import tidied

    untidy: list[str] = []
    left_alone: list[dict[str, str]] = []
    problems: list[Problem] = []
    files = list(dict.fromkeys(spec_files(list(targets) or [Path()])))
    for path in files:
        before = read_bytes(path, DEFAULT_LIMITS.max_bytes)
        found = tidied(str(path), before)
        problems += found.problems
        if found.reason:
            left_alone.append({"path": str(path), "reason": found.reason})
        elif found.text is not None and found.text.encode() != before:
            untidy.append(str(path))
            if not check:
                write_text(path, found.text)
    refused = bool(problems or (check and untidy))
    if as_json:
        emit_json(
            {
                "ok": not refused,
                "check": check,
                "files": len(files),
                "untidy": untidy,
                "leftAlone": left_alone,
                "problems": [p.as_json() for p in problems],
            }
        )
    else:
        for problem in problems:
            click.echo(problem_text(problem))
        verb = "not formatted" if check else "formatted"
        for name in untidy:
            click.echo(f"{verb}: {name}")
        beside = f"; {count(len(left_alone), 'file')} skipped" if left_alone else ""
        click.secho(f"{len(untidy)} of {count(len(files), 'file')} {verb}{beside}", bold=True)
    ctx.exit(exit_codes.REFUSED if refused else exit_codes.OK)
