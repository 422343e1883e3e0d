"""Exit codes of all commands. They are a contract: scripts rely on them."""

import signal
from typing import Final

OK: Final = 0
REFUSED: Final = 1
"""The command worked, and its result is negative: problems were found, or a commit was refused."""
USAGE: Final = 2
"""The request is invalid or names something that does not exist."""
UNAVAILABLE: Final = 3
"""A file, a server or another resource that the command needs is unreachable, busy or damaged."""
PENDING: Final = 4
"""The result is not reached yet: a commit is not read, not every affected proxy has it, or fewer
proxies are connected than requested."""
UNPROVEN: Final = 5
"""No problem was found, but not all can be proven: other rules decided some commits, which no
signature covers."""
INTERNAL: Final = 70
"""A bug in gitmesh itself."""
HUNG_UP: Final = 129
"""Stopped by SIGHUP. A running server shuts down gracefully, with 0."""
INTERRUPTED: Final = 130
"""Stopped by Ctrl-C."""
TERMINATED: Final = 143
"""Stopped by SIGTERM. A running server shuts down gracefully, with 0."""

OF_SIGNAL: Final = {
    signal.SIGHUP: HUNG_UP,
    signal.SIGINT: INTERRUPTED,
    signal.SIGTERM: TERMINATED,
}

MEANING: Final = {
    OK: "success; also a server that was ready and got Ctrl-C or SIGTERM",
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
