"""Durations as people write them: ``30m``, ``2h``. Pure."""

import re
from datetime import timedelta
from typing import Final

from mesh.errors import UsageError

_FORM: Final = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """Return a duration.

    :raises UsageError: the text is not a number and a unit.
    """
    if (found := _FORM.fullmatch(text)) is None:
        raise UsageError(f"{text!r} is not a duration", hint="write 90s, 30m, 2h or 1d")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
