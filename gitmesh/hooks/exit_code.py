"""How the process of a hook says that it refuses a push, and did not just fail."""

from typing import Final

REFUSED: Final = 9
"""Python itself ends with 1, 2 or 120, and a signal with 128 and more."""
