"""Choice of the notes to read if more wait than the limit."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

MOST_LISTED: Final = 100_000
"""Maximum number of names that are considered together; further ones wait until these are
removed."""
_UNKNOWN: Final = -1


def names_in(folder: Path, suffix: str, most: int) -> list[str]:
    """Return the file names with this suffix in a folder, in any order, at most ``most``."""
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

    Each user keeps the newest notes, in equal shares: a user with many notes displaces only their
    own. The file name of a note is its time.
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
