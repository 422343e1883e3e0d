"""The environment variables of this process.

No other module reads them, except the client of hooks, which imports nothing.
"""

import os
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ


def replace_process_environment(variables: Mapping[str, str]) -> None:
    """Let this process have these variables only."""
    os.environ.clear()
    os.environ.update(variables)
