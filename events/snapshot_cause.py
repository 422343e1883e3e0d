"""Start of a snapshot's timings: the kind of event that they are measured from. Pure."""

from enum import StrEnum


class Cause(StrEnum):
    """Why another mesh is served: what the times of a snapshot count from."""

    BRANCH = "branch"
    """The branch moved: by a push, a rollback, or a commit in the repository itself."""
    PIN = "pin"
    """Somebody pinned a commit."""
    RELEASE = "release"
    """A pin ended."""
    UNKNOWN = ""
    """The log does not say."""
