"""Events about pushes to the branch that is followed. Pure."""

from dataclasses import dataclass

from events.types.positions import CommitId
from mesh.canonical import JsonObject


@dataclass(frozen=True, slots=True)
class Push:
    """A push to one ref, as the repository's hook saw it."""

    ref: str
    after: CommitId
    """Position of the ref after the push; empty if the push deletes the ref."""
    before: CommitId | None
    """Position of the ref before the push; None if the ref did not exist."""
    pusher: str
    """The authenticated pusher, as the hook's environment names them."""
    via: str
    """Way in which the push came: ``http``, ``ssh`` or ``local``."""
    account: str
    """System user whose process ran the hook."""
    claimed: str
    """``Name <email>`` from the pusher's git configuration: unverified, and mostly empty."""
    options: tuple[str, ...]
    """Options given with ``git push -o``."""
    omitted: int
    """Number of options beyond those listed."""


@dataclass(frozen=True, slots=True)
class PushReceived(Push):
    """A push to the followed branch. Its commits have their own events."""


@dataclass(frozen=True, slots=True)
class PushRefused(Push):
    """A push that the repository's hook refused."""

    reason: str
    """Reason of the refusal: ``problems``, ``force-push``, ``deletion``, ``checked-out``,
    ``own-refs``, ``unchecked``."""
    commits: tuple[CommitId, ...] = ()
    """The commits with errors, oldest first, up to a limit."""
    problems: tuple[JsonObject, ...] = ()
    """The first problems, with shortened texts."""
    more_problems: int = 0
    """Number of problems beyond those listed."""
    unrecorded: int = 0
    """Number of earlier refused pushes of the same pusher that have no event."""
