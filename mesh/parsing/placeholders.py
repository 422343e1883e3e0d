"""Placeholders of shell scripts, jq and template engines, which specs must not contain."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mesh.canonical import Json
from mesh.problems.problem import Problem
from mesh.resource import Source, Steps

_IN_VALUE: Final = re.compile(r"\$\{[A-Za-z_]\w*\}|^\$[A-Za-z_]\w*$|\{\{.*?\}\}")
_BRACES: Final = re.compile(r"\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}|\$\{[A-Za-z_]\w*\}")
_JQ: Final = re.compile(r"[:\[,(][ \t]*(\$[A-Za-z_]\w*)")
_BROKEN: Final = frozenset({"syntax", "key-not-text", "duplicate-key", "control-character"})
"""Codes of the problems that a placeholder causes when it is parsed as YAML or JSON."""

_NOTES: Final = frozenset({("metadata", "annotations"), ("metadata", "managedFields"), ("status",)})
"""Parts of a manifest that do not define a mesh; tools store whole documents there, such as an old
version of the object."""

_FORMAT: Final = ("accessLog", "file", "format")
"""Path of a log format, which may contain any text."""

_MESSAGE: Final = "this is a template: {} must be replaced before it is used"
_HINT: Final = "commit the rendered result (envsubst, jq -n --arg, helm template), not the template"


def without_placeholders(path: str, blob: bytes, problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems of a file; those that placeholders cause are replaced by one that names
    the placeholder."""
    problems = list(problems)
    if not any(problem.code in _BROKEN for problem in problems):
        return problems
    text = blob.decode("utf-8", "replace")
    pattern = _JQ if path.lower().endswith(".json") else _BRACES
    found = pattern.search(text) or _BRACES.search(text)
    if found is None:
        return problems
    name = found.group(found.lastindex or 0)
    line = text.count("\n", 0, found.start()) + 1
    template = Problem(path, line, "$", "template", _MESSAGE.format(name[:80]), _HINT)
    return [template, *(problem for problem in problems if problem.code not in _BROKEN)]


def placeholder_problem(body: Json, source: Source) -> Problem | None:
    """Return the problem of a document that contains placeholders, or None if it contains none."""
    found = next(_placeholders(body, ()), None)
    if found is None:
        return None
    steps, name = found
    return source.problem(steps, "template", _MESSAGE.format(name[:80]), hint=_HINT)


def placeholder(text: str) -> str | None:
    """Return the first placeholder of a text, or None."""
    found = _IN_VALUE.search(text)
    return found.group() if found else None


def placeholder_in(text: str, steps: Steps, source: Source) -> Problem | None:
    """Return the problem of a text that contains a placeholder, or None if it contains none."""
    name = placeholder(text)
    if name is None:
        return None
    return source.problem(steps, "template", _MESSAGE.format(name[:80]), hint=_HINT)


def _placeholders(value: Json, steps: Steps) -> Iterator[tuple[Steps, str]]:
    if isinstance(value, str):
        found = placeholder(value)
        if found is not None:
            yield steps, found
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _placeholders(part, (*steps, at))
    elif isinstance(value, dict):
        for key, part in value.items():
            if (*steps, key) not in _NOTES and (*steps[-2:], key) != _FORMAT:
                yield from _of_member(key, part, (*steps, key))


def _of_member(key: str, part: Json, steps: Steps) -> Iterator[tuple[Steps, str]]:
    if placeholder(key) is not None:
        yield steps, key
    yield from _placeholders(part, steps)
