"""How a process ends that has nothing more to do."""

import os
import signal
import sys
import threading


def leave(code: int) -> None:
    """End the process, without taking apart what is in its memory first.

    Of a mesh of a thousand nodes that takes Python a tenth of a second, and nobody gets anything of
    it. Returns, for the interpreter to end as usual, while other threads run or there is somebody
    who does not read what was written.
    """
    # The work is done: from here on a signal ends the process, and raises nothing.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    if threading.active_count() > 1:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code)
