"""A problem that was found. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How soon somebody should look. In this order."""

    ERROR = "error"
    """Requests fail, or what was committed is not in force."""
    WARNING = "warning"
    """Something is not as it was meant."""
    NOTE = "note"
    """Something cannot be told, or is not used."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, with its evidence and the next step."""

    code: str
    """A stable word: ``target-failing``."""
    severity: Severity
    subject: str
    """Key of a resource or node, or a commit."""
    message: str
    evidence: tuple[str, ...] = ()
    """Facts and figures from which the message follows."""
    next_step: str = ""
    """A command line that shows more, or mends it."""

    @property
    def rank(self) -> tuple[int, str, str]:
        """Sort key: what is worse comes first."""
        return list(Severity).index(self.severity), self.code, self.subject
