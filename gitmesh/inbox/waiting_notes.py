"""Which of the notes in a folder are read when more wait than may."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

MOST_LISTED: Final = 100_000
"""Names that are looked at together; those beyond wait until these are removed."""
_UNKNOWN: Final = -1


def names_in(folder: Path, suffix: str, most: int) -> list[str]:
    """Return the names in a folder with this suffix, in any order and at most so many."""
    try:
        with os.scandir(folder) as entries:
            named = (entry.name for entry in entries if entry.name.endswith(suffix))
            return list(islice(named, most))
    except OSError:
        return []


def fair_share(
    folder: Path, names: Sequence[str], most: int
) -> tuple[list[str], Mapping[int, list[str]]]:
    """Return the names to keep, in their order, and the others by the user who owns the file.

    Each user keeps the last ones, in equal shares: whoever leaves many notes displaces only their
    own. Which of their notes count is up to their names, which are times.
    """
    if len(names) <= most:
        return list(names), {}
    of_user = defaultdict[int, list[str]](list)
    for name in names:
        of_user[_owner(os.path.join(folder, name))].append(name)
    kept, room = set[str](), most
    fewest_first = sorted(of_user.values(), key=len)
    for left, own in zip(range(len(fewest_first), 0, -1), fewest_first, strict=True):
        share = own[max(0, len(own) - room // left) :]
        kept.update(share)
        room -= len(share)
    surplus = {uid: [name for name in own if name not in kept] for uid, own in of_user.items()}
    return [name for name in names if name in kept], {uid: s for uid, s in surplus.items() if s}


def _owner(path: str) -> int:
    try:
        return os.lstat(path).st_uid
    except OSError:
        return _UNKNOWN
