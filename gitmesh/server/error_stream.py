"""Capture of the error stream: all that a server writes there becomes log lines.

C libraries (gRPC, OpenSSL, libgit2) and Python itself write to it in any format. A program that
reads the log must find only log lines.
"""

import contextlib
import faulthandler
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from typing import Any, Final, TextIO

_ERROR_STREAM: Final = 2
_LONGEST: Final = 8_000
"""Maximum length of a line in characters; longer lines are cut."""
_LAST_WORDS_S: Final = 1.0
"""Maximum time to wait until the last output is read."""
_LEVELS: Final = {"I": logging.INFO, "W": logging.WARNING, "E": logging.ERROR, "F": logging.ERROR}
_OF_GRPC: Final = re.compile(
    r"(?P<level>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (?P<at>[\w.]+:\d+)\] (?P<text>.*)"
)
"""Format of a log line of gRPC's core: ``E0000 00:00:00.000000 123 tcp_server.cc:45] text``."""

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def captured() -> Iterator[TextIO]:
    """Log everything that is written to the error stream until the block ends; yield the stream.

    Python's warnings and unhandled errors in threads are logged, too. Only a crash of the
    interpreter writes to the stream directly, because nothing can log it.
    """
    own = os.dup(_ERROR_STREAM)
    with _closed(
        open(own, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    ) as stream:
        reading, writing = os.pipe()
        os.dup2(writing, _ERROR_STREAM)
        os.close(writing)
        reader = threading.Thread(target=_log_lines, args=(reading,), daemon=True)
        reader.start()
        faulthandler.enable(stream)
        try:
            with _hooks():
                yield stream
        finally:
            sys.stderr.flush()
            faulthandler.disable()
            os.dup2(own, _ERROR_STREAM)
            # A process of ours that lives on may hold the other end.
            reader.join(_LAST_WORDS_S)


@contextlib.contextmanager
def _closed(stream: TextIO) -> Iterator[TextIO]:
    """Close the stream at the end, even if its last output cannot be written because the terminal
    is closed."""
    try:
        yield stream
    finally:
        with contextlib.suppress(OSError):
            stream.close()


@contextlib.contextmanager
def _hooks() -> Iterator[None]:
    before = threading.excepthook, sys.unraisablehook

    def unraisable(found: Any) -> None:
        if isinstance(found.exc_value, SystemExit):  # a signal's, which its handler raises again
            before[1](found)
        else:
            _unraisable(found)

    threading.excepthook, sys.unraisablehook = _of_thread, unraisable
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        threading.excepthook, sys.unraisablehook = before


def _of_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_type is not SystemExit and found.exc_value is not None:
        name = "a thread" if found.thread is None else found.thread.name
        _log.error("%s has failed", name, exc_info=found.exc_value)


def _unraisable(found: Any) -> None:
    what = found.err_msg or "an error cannot be raised where it happened"
    _log.error("%s", what, exc_info=found.exc_value, extra={"where": repr(found.object)[:200]})


def _log_lines(descriptor: int) -> None:
    with open(descriptor, encoding="utf-8", errors="backslashreplace") as lines:
        while line := lines.readline(_LONGEST):
            if line.strip():
                _log_line(line.rstrip("\n"))


def _log_line(line: str) -> None:
    found = _OF_GRPC.fullmatch(line)
    if found is None:
        _log.warning("%s", line, extra={"stream": "stderr"})
    else:
        _log.log(_LEVELS[found["level"]], "%s", found["text"], extra={"grpc": found["at"]})
