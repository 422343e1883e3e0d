"""Errors we raise on purpose: the class says what the caller can do about it.

Mistakes in a repository are not errors but values: see :mod:`mesh.problem`.
"""


class GitmeshError(Exception):
    """Base of every error we raise on purpose; ``hint`` tells a person the next step."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def line(self) -> str:
        """The message and the hint on one line, for where there is but one."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class Retryable(GitmeshError):
    """Nothing is wrong with the input; the same call may succeed later."""


class Fatal(GitmeshError):
    """The process cannot keep its promises; it must exit with a non-zero code."""


class UsageError(GitmeshError):
    """What was asked for does not exist or cannot be understood; ask for something else."""
