"""The environment variables of this process. No other module reads them."""

import os
from collections.abc import Mapping


def process_environment() -> Mapping[str, str]:
    """Return the variables of this process."""
    return os.environ
