"""Suggested command lines that work when pasted into the user's shell.

If the user gave ``--repo`` or ``--log``, the suggestions contain the same options.
"""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import click

Place = TypeVar("Place", bound=Path | None)

PLACED: Final = (
    "hooks|serve|status|proxies|log|show|state|blame|diff|wait|export|rollback|pin|unpin|"
    "retry|verify|checkpoint|prove|backup|change|graph|doctor|top|traffic|who-calls"
)
"""Commands that take ``--repo`` and ``--log``."""
_COMMAND: Final = re.compile(rf"\bgitmesh (?:{PLACED})\b(?!-)")
_NAMED: Final = "gitmesh.rendering.shell_quoting"


def noting(option: str) -> Callable[[click.Context, click.Parameter, Place], Place]:
    """Return a ``click`` callback that records a path that the user gave."""

    def take(ctx: click.Context, parameter: click.Parameter, place: Place) -> Place:
        if place not in (None, Path()):
            ctx.meta.setdefault(_NAMED, {})[option] = str(place)
        return place

    return take


def pasted(text: str) -> str:
    """Return the text with the user's paths added to each command line in it.

    Paths that are already in the text are not added again.
    """
    ctx = click.get_current_context(silent=True)
    places: dict[str, str] = {} if ctx is None else ctx.meta.get(_NAMED, {})
    quoted = {option: shlex.quote(place) for option, place in places.items()}
    missing = [f" {o} {p}" for o, p in quoted.items() if f" {p} " not in f" {text} "]
    return _COMMAND.sub(lambda found: found[0] + "".join(missing), text)
