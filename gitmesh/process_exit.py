"""Fast exit of a finished process."""

import os
import signal
import sys
import threading


def leave(code: int) -> None:
    """End the process without freeing its memory first.

    For a mesh of a thousand nodes, Python takes a tenth of a second to free it, to no one's
    benefit. If other threads run, or output is not written yet, the function returns, for a normal
    exit.
    """
    # The work is done: from here on a signal ends the process, and raises nothing.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    if threading.active_count() > 1:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code)
