"""Errors of the App Mesh API, with the names and codes that AWS's clients know. Pure."""

from collections.abc import Sequence

from mesh.problems.problem import Problem

_MOST_TOLD = 5
"""Maximum number of problems in an error response."""


class ApiError(Exception):
    """A request is refused or fails; becomes an error response."""

    def __init__(
        self, code: str, status: int, message: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


def bad_request(message: str) -> ApiError:
    """Return the error for a request that breaks a rule; a retry fails again."""
    return ApiError("BadRequestException", 400, message)


def not_found(message: str) -> ApiError:
    """Return the error for a resource, or a referenced resource, that does not exist."""
    return ApiError("NotFoundException", 404, message)


def conflict(message: str) -> ApiError:
    """Return the error for a name or a client token that is in use."""
    return ApiError("ConflictException", 409, message)


def in_use(message: str) -> ApiError:
    """Return the error for the deletion of a resource that other resources refer to."""
    return ApiError("ResourceInUseException", 409, message)


def limit_exceeded(message: str) -> ApiError:
    """Return the error for more resources than a quota allows."""
    return ApiError("LimitExceededException", 400, message)


def forbidden(message: str) -> ApiError:
    """Return the error for a caller who may not do this."""
    return ApiError("ForbiddenException", 403, message)


def unavailable(message: str) -> ApiError:
    """Return the error for a temporary failure; clients retry by themselves."""
    return ApiError("ServiceUnavailableException", 503, message, retry_after_s=1)


def invalid(problems: Sequence[Problem], *, some_hidden: bool = False) -> ApiError:
    """Return the error for a change that would make the mesh invalid, with its problems.

    :param some_hidden: there are more problems, which the caller may not see.
    """
    told = [_told(problem) for problem in problems[:_MOST_TOLD]]
    if more := len(problems) - len(told):
        told.append(f"and {more} more problems")
    if some_hidden:
        told.append("the repository has problems in parts that you may not read")
    words = "; ".join(told)
    missing = bool(problems) and all(each.code == "dangling-reference" for each in problems)
    return (not_found if missing else bad_request)(words)


def _told(problem: Problem) -> str:
    where = problem.where.removeprefix("$").removeprefix(".")
    place = f"{where}: " if where else ""
    return f"{place}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")
