"""Exit codes of all commands. They are a contract: scripts rely on them."""

from typing import Final

OK: Final = 0
REFUSED: Final = 1
"""The command worked and the answer is no: problems were found, or a commit was refused."""
USAGE: Final = 2
"""The request is invalid or names something that does not exist."""
UNAVAILABLE: Final = 3
"""Something that the command needs is unreachable, busy or damaged."""
PENDING: Final = 4
"""Not yet: a commit is not read, or not every proxy that it concerns has it."""
UNPROVEN: Final = 5
"""No fault was found, but not everything can be proven: other rules decided, and no signature
covers it."""
INTERNAL: Final = 70
"""A fault in gitmesh itself."""
INTERRUPTED: Final = 130
"""Stopped by Ctrl-C."""
TERMINATED: Final = 143
"""Stopped by SIGTERM. A server that serves ends in order, with 0."""

MEANING: Final = {
    OK: "all is well",
    REFUSED: "problems were found, or a commit was refused",
    USAGE: "what was asked for does not exist or cannot be understood",
    UNAVAILABLE: "something that is needed cannot be reached, is busy, or is damaged",
    PENDING: "not yet: a commit, or a proxy, is still on its way",
    UNPROVEN: "nothing is wrong, but part of a log cannot be proven by the rules of this gitmesh",
    INTERNAL: "a fault in gitmesh itself; please report it",
    INTERRUPTED: "stopped by Ctrl-C",
    TERMINATED: "stopped by SIGTERM",
}
