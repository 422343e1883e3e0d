"""Events about pushes to the branch that is followed. Pure."""

from dataclasses import dataclass

from events.positions import CommitId
from mesh.canonical import JsonObject


@dataclass(frozen=True, slots=True)
class PushReceived:
    """Somebody pushed to the branch that is followed. What their commits say is another event."""

    ref: str
    after: CommitId
    """Where the push moved the branch; empty where it deleted it."""
    before: CommitId | None
    """Where it was; None where it was new."""
    pusher: str
    """Who, as the hook was told by whoever let them in."""
    via: str
    """``http``, ``ssh`` or ``local``."""
    account: str
    """The user of the machine whose process ran the hook."""
    claimed: str
    """``Name <email>`` as the pusher's own git says: a claim, and mostly empty."""
    options: tuple[str, ...] = ()
    """What ``git push -o`` said."""
    omitted: int = 0
    """How many options there were beyond those listed."""


@dataclass(frozen=True, slots=True)
class PushRefused:
    """Somebody tried to push, and the hook of the repository refused it."""

    ref: str
    after: CommitId
    """Where the push would have moved the ref; empty where it would have deleted it."""
    before: CommitId | None
    """Where the ref was; None where there was none."""
    pusher: str
    """Who, as the hook was told by whoever let them in."""
    via: str
    """``http``, ``ssh`` or ``local``."""
    account: str
    """The user of the machine whose process ran the hook."""
    claimed: str
    """``Name <email>`` as the pusher's own git says: a claim, and mostly empty."""
    options: tuple[str, ...]
    """What ``git push -o`` said."""
    omitted: int
    """How many options there were beyond those listed."""
    reason: str
    """``problems``, ``force-push``, ``deletion``, ``own-refs`` or ``unchecked``."""
    commits: tuple[CommitId, ...] = ()
    """The commits at fault, the oldest first, up to a bound."""
    problems: tuple[JsonObject, ...] = ()
    """The first problems, their texts cut."""
    more_problems: int = 0
    """How many problems there were beyond those listed."""
    unrecorded: int = 0
    """How many pushes were refused to the same pusher before this one that have no event."""
