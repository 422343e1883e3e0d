"""Values of unquoted scalars. Only few types are recognised, so that nothing is guessed.

Whole numbers, ``true``, ``false`` and ``null`` have their usual meaning. Everything else is text:
``no``, ``yes``, ``010``, ``12:30:45``, ``0x1F``, ``2026-01-01``, ``.inf`` and also ``1.5``. No App
Mesh field holds a fraction, and canonical JSON has none. As text, ``1.5`` is valid where text is
allowed (a header ``x-version: 1.5``), and reported as written where a number is required. A whole
number beyond 64 bits is text, too: no field can hold it.
"""

import re
from typing import Final

WORDS: Final[dict[str, bool | None]] = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
}
_WHOLE: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_NUMERIC: Final = frozenset("+-0123456789")
_LIMIT: Final = 2**63


def resolve(text: str) -> bool | int | str | None:
    """Return the value of an unquoted scalar."""
    if text in WORDS:
        return WORDS[text]
    if text[0] in _NUMERIC and _WHOLE.fullmatch(text):
        number = int(text)
        if -_LIMIT <= number < _LIMIT:
            return number
    return text
