"""Timeouts of the demo, and the message when one expires."""

import os
from typing import Final

from mesh.errors import Fatal

PATIENCE_S: Final = 120.0
"""Timeout of each step. A step takes seconds; on a busy machine it takes many times longer."""
_BUSY: Final = 2.0
"""Load per CPU above which the error message blames the busy machine."""


def late(what: str, said: str = "") -> Fatal:
    """Return the error for something that did not happen in time; ``said`` has further details."""
    load, cpus = os.getloadavg()[0], os.cpu_count() or 1
    hint = "try again; if it happens again, please report it"
    if load > _BUSY * cpus:
        hint = f"this machine is busy (load {load:.0f} on {cpus} CPUs): try again when it is not"
    return Fatal(f"{what} within {PATIENCE_S:.0f} s", hint=f"{hint}\n{said}".rstrip())
