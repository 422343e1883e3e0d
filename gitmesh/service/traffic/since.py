"""A begin of a time, as people write it: a duration before now, or a moment. Pure."""

from datetime import datetime

from gitmesh.access.duration import parse_duration
from gitmesh.queries.timespec import parse_time
from mesh.errors import UsageError


def parse_since(text: str, now: datetime) -> datetime:
    """Return the moment: ``1h``, ``30m``, ``10:30`` or ``2026-11-30``.

    :raises UsageError: the text is none of these, or is in the future.
    """
    try:
        found = now - parse_duration(text)
    except (UsageError, OverflowError):
        moment = parse_time(text, now)
        if moment is None:
            hint = "write 90s, 30m, 2h, 1d, or a time: 2026-11-30T10:30"
            raise UsageError(f"{text!r} is no time", hint=hint) from None
        found = moment
    if found >= now:
        raise UsageError(f"{text!r} is not in the past")
    return found
