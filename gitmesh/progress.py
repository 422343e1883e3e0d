"""Long work, told on a terminal while it goes on."""

import sys
import time
from typing import Final

import click

from reconciler.reader import Progress

_TELL_EVERY_S: Final = 0.2
_REST_OF_LINE: Final = "\x1b[K"


def progress_on_terminal() -> Progress | None:
    """Return what tells of long work, on one line of the error stream; None unless there.

    The line is gone when the command ends.
    """
    if not sys.stderr.isatty():
        return None
    told = 0.0

    def tell(what: str, done: int, whole: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_EVERY_S:
            told = time.monotonic()
            share = 100 * done // max(1, whole)
            line = f"\r{what}: {done:,} of {whole:,} ({share} %){_REST_OF_LINE}"
            click.echo(line, nl=False, err=True)

    def clear() -> None:
        click.echo(f"\r{_REST_OF_LINE}", nl=False, err=True)

    click.get_current_context().call_on_close(clear)
    return tell
