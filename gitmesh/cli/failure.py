"""Errors of commands: message, hint and exit code."""

import errno
import os
import sys
from typing import Any, Final

import click

from gitmesh.cli import exit_codes
from gitmesh.rendering.shell_quoting import pasted
from gitmesh.safe_text import visible_lines
from mesh.errors import GitmeshError, UsageError


class Failure(click.ClickException):
    """An error with a hint."""

    exit_code = exit_codes.UNAVAILABLE

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: Any = None) -> None:
        """Print the error to the error stream."""
        click.secho("error: ", fg="red", bold=True, nl=False, err=True)
        click.echo(visible_lines(self.message), err=True)
        if self.hint:
            click.echo(f"  hint: {visible_lines(self.hint)}", err=True)


class WrongUse(Failure):
    """The request is invalid or names something that does not exist."""

    exit_code = exit_codes.USAGE


class Misused(Failure):
    """A command line that cannot be parsed: click's errors, in gitmesh's format."""

    exit_code = exit_codes.USAGE

    def __init__(self, error: click.ClickException) -> None:
        ctx = getattr(error, "ctx", None)
        hint = ""
        if ctx is not None:
            pieces = " ".join(ctx.command.collect_usage_pieces(ctx))
            hint = f"write {ctx.command_path} {pieces}; more: {ctx.command_path} --help"
        super().__init__(error.format_message(), getattr(error, "hint", hint))


class Fault(Failure):
    """A bug in gitmesh itself."""

    exit_code = exit_codes.INTERNAL


class CannotWrite(Failure):
    """Output cannot be written: the disk is full, or a quota is reached."""

    ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"cannot write: {error.strerror}",
            "free some space there, or write the output elsewhere",
        )


_CHECK: Final = "check the path"
_FILES: Final = "raise the limit of open files: ulimit -n 4096"
_MEMORY: Final = "give the process more memory, or allow it more threads: see ulimit -a"
_DISK: Final = "check the disk or the file server; the command itself is correct"
_MAY: Final = "run gitmesh as a user with permission, or choose another path"
_SYSTEM: Final = "the system refused this; see the message above"
_AGAIN: Final = "run it again; with gitmesh --debug it shows where this happened"
_TIME: Final = "run it again; if this stays, see whether the machine has too much to do"
_HINTS: Final[dict[int | None, str]] = {
    errno.EACCES: _MAY,
    errno.EPERM: _MAY,
    errno.EROFS: "choose a path that can be written",
    errno.EMFILE: _FILES,
    errno.ENFILE: "raise the system's limit of open files: sysctl fs.file-max",
    errno.ENOMEM: _MEMORY,
    errno.EAGAIN: _MEMORY,
    errno.EIO: _DISK,
    errno.ESTALE: _DISK,
}
_OF_USE: Final = {
    errno.ENOENT: _CHECK,
    errno.ENOTDIR: f"{_CHECK}: a file is where a folder should be",
    errno.EISDIR: f"{_CHECK}: a folder is where a file should be",
    errno.EEXIST: "name a new place",
    errno.ELOOP: f"{_CHECK}: it is a link that leads to itself",
    errno.ENAMETOOLONG: "name a shorter path",
}
"""Errors that the user can fix by another argument, with hints."""
_OF_LIBRARIES: Final = {
    "can't start new thread": _MEMORY,
    "too many open files": _FILES,
    "cannot allocate memory": _MEMORY,
    "failed to map segment": _MEMORY,
    "no space left on device": "free some space there",
    "read-only file system": "choose a path that can be written",
    "permission denied": _MAY,
}
"""Messages of libraries for errors of the operating system, with hints."""


def failure_of(error: BaseException) -> Failure:
    """Convert an exception to the failure that is shown to the user."""
    match error:
        case UsageError():
            return WrongUse(error.message, pasted(error.hint))
        case GitmeshError():
            return Failure(error.message, pasted(error.hint))
        case TimeoutError() if error.errno is None:  # ours or asyncio's, which says nothing
            return Failure(str(error) or "something was not done in time", _TIME)
        case OSError():
            return _of_system(error)
        case MemoryError():
            return Failure("there is not enough memory", _MEMORY)
    return _of_library(error) or Fault(
        f"internal error in gitmesh: {type(error).__name__}: {error}",
        f"please report it, with what this prints: gitmesh --debug {' '.join(sys.argv[1:])}",
    )


def _of_system(error: OSError) -> Failure:
    if error.errno in CannotWrite.ERRNOS:
        return CannotWrite(error)
    if isinstance(error, FileNotFoundError) and _nowhere():
        return WrongUse("the current directory no longer exists", "change to an existing directory")
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    message = f"{where}{error.strerror or error}"
    if error.errno in _OF_USE and where:
        return WrongUse(message, _OF_USE[error.errno])
    return Failure(message, _HINTS.get(error.errno, _SYSTEM if error.errno else _AGAIN))


def _of_library(error: BaseException) -> Failure | None:
    """Return the failure for a library's error that hides an error of the operating system."""
    kind, text = type(error), str(error)
    known = [hint for words, hint in _OF_LIBRARIES.items() if words in text.lower()]
    # Not imported here: a command that needs neither starts without them.
    foreign = kind.__module__ in ("_pygit2", "sqlite3")
    if foreign or (known and isinstance(error, RuntimeError | ImportError)):
        return Failure(text, known[0] if known else "see to the disk and to who may use the file")
    return None


def _nowhere() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False
