"""Errors of the JSON API. Pure."""

from collections.abc import Sequence

from mesh.errors import Fatal, GitmeshError, Retryable, UsageError
from mesh.problems.problem import Problem


class Refused(Exception):
    """A request is refused or fails; becomes an error response."""

    def __init__(
        self,
        status: int,
        message: str,
        hint: str = "",
        problems: Sequence[Problem] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hint = hint
        self.problems = problems
        self.retry_after_s = retry_after_s


def bad_request(message: str, hint: str = "") -> Refused:
    """Return the error for a request that breaks a rule; a retry fails again."""
    return Refused(400, message, hint)


def not_found(message: str, hint: str = "") -> Refused:
    """Return the error for a resource or commit that does not exist, or that the caller may not
    read."""
    return Refused(404, message, hint)


def forbidden(message: str) -> Refused:
    """Return the error for a caller whose role does not allow this."""
    return Refused(403, message, "a role that allows it: gitmesh credential --help")


def refusal_of(error: GitmeshError, *, all_told: bool) -> Refused:
    """Convert an error of a use case to an error response.

    :param all_told: include hints, which may name any resource.
    """
    hint = error.hint if all_told else ""
    match error:
        case UsageError():
            return Refused(400, error.message, hint)
        case Retryable():
            return Refused(503, error.message, hint, retry_after_s=1)
        case Fatal() if not all_told:
            return Refused(
                500, "it cannot be done, for a reason that involves resources that you may not read"
            )
    return Refused(500, error.message, hint)
