"""Exit code with which the process of a hook refuses a push, different from a failure."""

from typing import Final

REFUSED: Final = 9
"""Exit code of a hook that refuses a push. Python itself uses 1, 2 and 120, and signals use 128 and
more."""
