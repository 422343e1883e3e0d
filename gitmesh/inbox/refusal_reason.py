"""Reason of a refused push, as a stable word. Pure."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Reason of a refused push; the words are part of the log's format."""

    PROBLEMS = "problems"
    """Commits have errors."""
    FORCE_PUSH = "force-push"
    """The push removes commits from the branch, which the repository forbids."""
    DELETION = "deletion"
    """The push deletes the branch, which the repository forbids."""
    CHECKED_OUT = "checked-out"
    """The branch is checked out in a work tree, which git would not update."""
    OWN_REFS = "own-refs"
    """The push changes a ref that only gitmesh may change."""
    UNCHECKED = "unchecked"
    """The push could not be checked."""
