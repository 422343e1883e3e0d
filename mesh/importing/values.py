"""Values of a template while it is worked out, and the two that are no JSON."""

from enum import Enum
from typing import Final, TypeAlias, TypeVar

from mesh.canonical import Json

MAX_TEXT: Final = 65_536
"""Characters of a text that functions may put together; no field of App Mesh holds more."""
MAX_WORK: Final = 1_000_000
"""Values looked at for one template."""


class Mark(Enum):
    """What stands where there is no value."""

    NO_VALUE = "no value"
    """``AWS::NoValue``: the property is as if it were not written."""
    UNDECIDED = "undecided"
    """It cannot be told; the reason is among the problems."""


Value: TypeAlias = "Json | Mark"
_T = TypeVar("_T")


class TooMuch(Exception):
    """The template makes more of itself than is worked out."""


def decided(values: list["_T | Mark"]) -> list[_T] | Mark:
    """Return the values, or that one of them is undecided."""
    if any(value is Mark.UNDECIDED for value in values):
        return Mark.UNDECIDED
    return [value for value in values if not isinstance(value, Mark)]
