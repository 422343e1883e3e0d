"""Exit code with which the process of a hook refuses a push, different from a failure."""

from typing import Final

REFUSED: Final = 9
"""Python itself ends with 1, 2 or 120, and a signal with 128 and more."""
