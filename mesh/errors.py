"""Errors raised on purpose. The class tells the caller what it can do about the error.

Mistakes in a repository are values, not errors: see :mod:`mesh.problems.problem`.
"""


class GitmeshError(Exception):
    """Base of every error raised on purpose; ``hint`` is the user's next step."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def line(self) -> str:
        """Message and hint on one line."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class Retryable(GitmeshError):
    """A temporary failure: the input is valid, and the same call may succeed later."""


class Fatal(GitmeshError):
    """A permanent failure: the process must exit with a non-zero code."""


class UsageError(GitmeshError):
    """An invalid request, or one that names something that does not exist."""
