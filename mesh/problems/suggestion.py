"""Spelling suggestions for names that do not exist."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``wrong`` most likely means, if one is similar.

    Names that differ only in case, ``-`` or ``_`` come first: ``http_route`` means ``httpRoute``.
    """
    names = sorted(known)
    folded = {_fold(name): name for name in reversed(names)}
    if _fold(wrong) in folded:
        return folded[_fold(wrong)]
    close = get_close_matches(wrong[:300], names, n=1, cutoff=0.7)
    # In a short name, two swapped letters are too large a part of it for this ratio.
    swapped = (name for name in names if sorted(name) == sorted(wrong[:300]))
    return close[0] if close else next(swapped, None)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``did you mean "cart-v1"?``, or nothing when no known name is near."""
    name = nearest(wrong, known)
    return f'did you mean "{name}"?' if name is not None else ""


def _fold(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
