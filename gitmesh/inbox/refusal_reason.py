"""Reason of a refused push, as a stable word. Pure."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Reason of a refused push; the words are part of the log's format."""

    PROBLEMS = "problems"
    """Commits ask for something wrong."""
    FORCE_PUSH = "force-push"
    """It takes commits off the branch, and the repository forbids that."""
    DELETION = "deletion"
    """It deletes the branch, and the repository forbids that."""
    CHECKED_OUT = "checked-out"
    """The branch is checked out in a work tree, and git leaves that alone."""
    OWN_REFS = "own-refs"
    """It moves a ref that only gitmesh moves."""
    UNCHECKED = "unchecked"
    """It could not be checked."""
