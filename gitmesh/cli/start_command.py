"""Command line that starts an Envoy with the bootstrap that was just printed."""

import os
import shlex
import stat
import sys
from pathlib import Path
from typing import Final

_OUTPUT: Final = "/proc/self/fd/1"


def start_line(node_name: str, *, own_admin: bool) -> str:
    """Return the command that starts the Envoy, for the user to paste.

    Without ``--use-dynamic-base-id``, an Envoy has base id 0, which only one Envoy per host can
    have.

    :param own_admin: whether the administration interface was chosen for this Envoy.
    """
    file = output_file()
    before = ""
    if file is None:
        file = f"{node_name.replace('/', '-')}.json"
        before = f"{shlex.join(['gitmesh', *sys.argv[1:]])} > {shlex.quote(file)} && "
    line = f"start Envoy with: {before}envoy -c {shlex.quote(file)} --use-dynamic-base-id"
    return line if own_admin else f"{line}  # another one on this host needs another --admin"


def output_file() -> str | None:
    """Return the file to which standard output is redirected; relative if that is shorter."""
    try:
        if not stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
            return None
        found = os.readlink(_OUTPUT)
        near = os.path.relpath(found)
    except (OSError, ValueError):  # no file, no /proc, or no current directory
        return None
    if Path(found).suffix not in (".json", ".yaml", ".yml") or not Path(found).exists():
        return None  # Envoy tells the format by the name.
    return near if len(near) < len(found) else found
