"""The environment of this process. Nothing else in gitmesh reads it."""

import os
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ
