"""Output of the demo: numbered steps, facts, and progress on a terminal."""

import asyncio
import contextlib
import errno
import itertools
import sys
import time
from collections.abc import AsyncIterator

import click

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_S = 0.1


class Screen:
    """Prints for people; to the error stream if the output stream is for a program."""

    def __init__(self, *, to_stderr: bool) -> None:
        self._err = to_stderr
        self._live = (sys.stderr if to_stderr else sys.stdout).isatty()
        self._step = 0

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._step += 1
        self._write(click.style(f"\n{self._step}. {title}", bold=True))

    def say(self, text: str) -> None:
        """Print text below the step."""
        for line in text.splitlines():
            self._write(f"   {line}")

    def quote(self, text: str) -> None:
        """Print the output of another program, or the content of a file."""
        for line in text.splitlines():
            colour = {"+": "green", "-": "red"}.get(line[:1])
            self._write(click.style(f"   │ {line}", fg=colour, dim=colour is None))

    def good(self, text: str) -> None:
        """Print a fact that holds."""
        self._write(f"   {click.style('✔', fg='green')} {text}")

    def bad(self, text: str) -> None:
        """Print a fact that does not hold."""
        self._write(f"   {click.style('✘', fg='red')} {text}")

    def _write(self, text: str, *, nl: bool = True) -> None:
        """Print text. Errors are ignored, because a closed terminal must not prevent the
        cleanup."""
        try:
            click.echo(text, nl=nl, err=self._err)
        except OSError as error:
            if error.errno != errno.EIO:
                raise

    @contextlib.asynccontextmanager
    async def working(self, text: str) -> AsyncIterator[None]:
        """Show progress during the block: an animation on a terminal, else one line."""
        if not self._live:
            self.say(f"… {text}")
            yield
            return
        spinner = asyncio.create_task(self._spin(text))
        try:
            yield
        finally:
            spinner.cancel()
            self._write("\r\x1b[K", nl=False)

    async def _spin(self, text: str) -> None:
        started = time.monotonic()
        for frame in itertools.cycle(FRAMES):
            passed = time.monotonic() - started
            self._write(f"\r\x1b[K   {frame} {text} ({passed:.0f} s)", nl=False)
            await asyncio.sleep(FRAME_S)
