"""Values during evaluation: JSON, and two markers for missing values."""

from enum import Enum
from typing import Final, TypeAlias, TypeVar

from mesh.canonical import Json

MAX_TEXT: Final = 65_536
"""Maximum characters of a text built by functions; no App Mesh field holds more."""
MAX_WORK: Final = 1_000_000
"""Maximum number of values evaluated per template."""


class Mark(Enum):
    """Marker for a missing value."""

    NO_VALUE = "no value"
    """``AWS::NoValue``: the property counts as absent."""
    UNDECIDED = "undecided"
    """The value cannot be evaluated; a problem says why."""


Value: TypeAlias = "Json | Mark"
_T = TypeVar("_T")


class TooMuch(Exception):
    """The template exceeds the work limit."""


def decided(values: list["_T | Mark"]) -> list[_T] | Mark:
    """Return the values, or ``UNDECIDED`` if one of them is undecided."""
    if any(value is Mark.UNDECIDED for value in values):
        return Mark.UNDECIDED
    return [value for value in values if not isinstance(value, Mark)]
