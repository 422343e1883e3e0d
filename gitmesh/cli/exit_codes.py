"""Exit codes of all commands. They are a contract: scripts rely on them."""

import signal
from typing import Final

OK: Final = 0
REFUSED: Final = 1
"""The command worked and the answer is no: problems were found, or a commit was refused."""
USAGE: Final = 2
"""The request is invalid or names something that does not exist."""
UNAVAILABLE: Final = 3
"""Something that the command needs is unreachable, busy or damaged."""
PENDING: Final = 4
"""Not yet: a commit is not read, not every proxy that it affects has it, or fewer proxies are
connected than were asked for."""
UNPROVEN: Final = 5
"""No fault was found, but not everything can be proven: other rules decided, and no signature
covers it."""
INTERNAL: Final = 70
"""A fault in gitmesh itself."""
HUNG_UP: Final = 129
"""Stopped by SIGHUP. A server that serves ends in order, with 0."""
INTERRUPTED: Final = 130
"""Stopped by Ctrl-C."""
TERMINATED: Final = 143
"""Stopped by SIGTERM. A server that serves ends in order, with 0."""

OF_SIGNAL: Final = {
    signal.SIGHUP: HUNG_UP,
    signal.SIGINT: INTERRUPTED,
    signal.SIGTERM: TERMINATED,
}

MEANING: Final = {
    OK: "success; a server that was ready ends so at Ctrl-C and SIGTERM",
    REFUSED: "problems were found, or a commit or its push was refused",
    USAGE: "the request is invalid, or names something that does not exist",
    UNAVAILABLE: "something that the command needs is unreachable, busy or damaged",
    PENDING: "not yet: a commit is not read, a proxy has not acknowledged it or is missing",
    UNPROVEN: "no error found, but part of the log cannot be proven with the rules of this gitmesh",
    INTERNAL: "internal error in gitmesh; please report it",
    HUNG_UP: "stopped by SIGHUP, as when its terminal is closed",
    INTERRUPTED: "stopped by Ctrl-C",
    TERMINATED: "stopped by SIGTERM",
}
