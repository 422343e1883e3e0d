"""How tables say what is spoiled, and where the problem stands."""

from collections.abc import Mapping
from typing import Final

Table = Mapping[tuple[str, str], Mapping[str, str]]
"""File and text in it → what stands there instead → the code of the problem.

What is before the last line of the text only says where it is. ``@`` and a text after the new one
say at which line the problem stands where that is not the first line that differs.
"""

WRONG_TYPE: Final = "wrong-type"
OUT_OF_RANGE: Final = "out-of-range"
