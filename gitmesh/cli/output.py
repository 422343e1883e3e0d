"""Output of commands: text for people, JSON for programs, colours only on a terminal."""

import json
from collections.abc import Iterable, Sequence

import click

from gitmesh.json_shapes.problems import ProblemsShape, problem_shapes
from gitmesh.safe_text import visible, visible_json
from mesh.problems.problem import Problem, Severity


def emit_json(value: object) -> None:
    """Print one indented JSON document, in which only unsafe characters are escaped."""
    click.echo(visible_json(json.dumps(value, indent=2, ensure_ascii=False)))


def emit_json_line(value: object) -> None:
    """Print one JSON document on one line (NDJSON)."""
    click.echo(visible_json(json.dumps(value, ensure_ascii=False, separators=(",", ":"))))


def table(rows: Iterable[Sequence[str]], *, indent: str = "") -> str:
    """Return rows as lines with aligned columns; the last column is never padded."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*(r[:-1] for r in rows), strict=True)]
    return "\n".join(
        indent + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    )


def problem_text(problem: Problem) -> str:
    """Return a problem in the format of a compiler, coloured and safe for a terminal."""
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path or "repository"
    colour = "red" if problem.severity is Severity.ERROR else "yellow"
    kind = click.style(f"{problem.severity}[{problem.code}]", fg=colour, bold=True)
    lines = [f"{click.style(visible(place), bold=True)}: {kind}: {visible(problem.message)}"]
    if problem.where not in ("", "$"):
        lines.append(click.style(f"    at {visible(problem.where)}", dim=True))
    if problem.hint:
        lines.append(f"    hint: {visible(problem.hint)}")
    return "\n".join(lines)


def refuse(problems: Iterable[Problem], *, as_json: bool) -> None:
    """Report problems instead of a result: as JSON for programs, on the error stream for people."""
    if as_json:
        emit_json(ProblemsShape(problems=problem_shapes(problems)))
        return
    for problem in problems:
        click.echo(problem_text(problem), err=True)
