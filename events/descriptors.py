"""File descriptors of this process: their limit, and detection of exhaustion."""

import contextlib
import errno
import os
import resource
from typing import Final

RESERVE: Final = 256
"""Descriptors reserved for git, the event log, certificates and the pipes of processes. Connections
of proxies cannot use them."""

MOST_HTTP: Final = 512
"""Maximum number of connections of an HTTP server, where the limit of descriptors is high."""

OUT_OF_DESCRIPTORS: Final = "too-many-open-files"
"""Reason of a ``SourceDegraded`` event if no file can be opened."""

_ERRNOS: Final = (errno.EMFILE, errno.ENFILE)
_OPEN: Final = "/proc/self/fd"


def raise_limit(wanted: int) -> int:
    """Raise the descriptor limit of this process, up to the hard limit; return the new limit.

    A limit that is already higher stays.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most > soft:
        # macOS may refuse a limit that it reports as allowed; then the old limit stays.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            return most
    return soft


def room_for_connections(limit: int) -> int:
    """Return the number of connections that fit below a limit, besides open and reserved
    descriptors."""
    return max(1, limit - open_descriptors() - min(RESERVE, limit // 4))


def room_for_http(limit: int) -> int:
    """Return the number of connections that one HTTP server of the process may have."""
    return min(MOST_HTTP, limit // 8)


def descriptor_limit() -> int:
    """Return the descriptor limit of this process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft


def open_descriptors() -> int:
    """Return the number of open descriptors, or 64 if the system does not report it."""
    try:
        return len(os.listdir(_OPEN))
    except OSError:
        return 64


def shortage(error: BaseException | None = None) -> str:
    """Return the reason why no file can be opened now; empty if a file can be opened.

    Libraries hide the system's reason. So this opens a file, unless the error itself has the
    reason.

    :param error: the error of the operation that failed.
    """
    code = _told_by(error)
    if code is None:
        try:
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as found:
            code = found.errno
    if code == errno.EMFILE:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return f"all {limit} files that gitmesh may have open at once are open"
    if code == errno.ENFILE:
        return "all files that this machine can have open at once are open"
    return ""


HINT: Final = "raise the limit on open files: ulimit -n, or LimitNOFILE= of systemd"


def _told_by(error: BaseException | None) -> int | None:
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return error.errno
    text = "" if error is None else str(error)
    return next((code for code in _ERRNOS if os.strerror(code) in text), None)
