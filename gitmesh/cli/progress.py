"""Progress of long work on a terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from reconciler.reading.reader import Progress

_TELL_EVERY_S: Final = 0.2
_REST_OF_LINE: Final = "\x1b[K"


@contextmanager
def progress_on_terminal(*, quiet: bool = False) -> Iterator[Progress | None]:
    """Yield a progress callback that updates one line of the error stream; ``None`` without a
    terminal.

    The line is erased at the end, so that the result begins at the start of the line.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    told = 0.0

    def tell(what: str, done: int, whole: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_EVERY_S:
            told = time.monotonic()
            share = 100 * done // max(1, whole)
            line = f"\r{what}: {done:,} of {whole:,} ({share} %){_REST_OF_LINE}"
            click.echo(line, nl=False, err=True)

    try:
        yield tell
    finally:
        if told:
            click.echo(f"\r{_REST_OF_LINE}", nl=False, err=True)
