"""Parsing and comparison of git tree objects as bytes. Pure.

The tree object of a folder with ten thousand files has half a megabyte, of which one push changes
twenty bytes. Therefore equal parts are compared as bytes and never parsed.
"""

import re
from collections.abc import Iterable
from typing import Final

Mode = bytes
"""File mode in octal, as git writes it."""
Entries = dict[bytes, tuple[Mode, bytes]]
"""Mode and raw object id of each entry, by name. Names of folders end in ``/``, as git sorts
them."""

SYMLINK: Final = b"120000"
SUBMODULE: Final = b"160000"

_ENTRY: Final = re.compile(rb"([0-7]{5,6}) ([^\0]+)\0([\s\S]{20})")
# Possessive, so that a long tree needs no memory for backtracking. The group is the last entry.
_ALL: Final = re.compile(rb"(?:([0-7]{5,6}+ [^\0]++\0[\s\S]{20}))*+")


class Malformed(ValueError):
    """The bytes are not a tree that git would write: unreadable, unsorted, or with a duplicate
    name."""


def entries(raw: bytes) -> Entries:
    """Return all entries of a tree.

    :raises Malformed: the bytes are not a valid tree.
    """
    whole = _ALL.match(raw)
    if whole is None or whole.end() != len(raw):
        raise Malformed
    return _in_order(_keyed(*found) for found in _ENTRY.findall(raw))


def differing(old: bytes, new: bytes) -> tuple[Entries, Entries]:
    """Return the differing entries of ``old``, and the differing entries of ``new``.

    :raises Malformed: one of them is not a valid tree.
    """
    if not old or not new:
        return (entries(old), entries(new))
    same = _ALL.match(new, 0, _common_prefix(old, new))
    # Start at the last equal entry, so that the order at the border is checked too.
    start = same.start(1) if same is not None and same[1] is not None else 0
    tail = _common_suffix(old, new, min(len(old), len(new)) - start)
    before, after, end = _until_same(old, new, start, tail)
    seam = [_take(new, end)[0]] if end < len(new) else []
    _in_order([*after, *seam])
    gone, there = dict(before), dict(after)
    return (
        {name: entry for name, entry in gone.items() if there.get(name) != entry},
        {name: entry for name, entry in there.items() if gone.get(name) != entry},
    )


def lookup(raw: bytes, name: bytes) -> tuple[Mode, bytes] | None:
    """Return mode and id of one entry of a tree, or None if it has no such entry.

    The name of a folder ends with ``/``.

    :raises Malformed: the bytes are not a valid tree.
    """
    # Usually the bytes do not contain the name, and then no entry is parsed.
    if b" " + name.removesuffix(b"/") + b"\0" not in raw:
        return None
    return entries(raw).get(name)


def find(raw: bytes, name: bytes) -> tuple[Mode, int] | None:
    """Return the mode of an entry, and where its id begins; None if a tree has no such entry.

    The name of a folder ends with ``/``. The other entries are not parsed, and not checked.
    """
    plain = name.removesuffix(b"/")
    at = raw.find(b" " + plain + b"\0")
    while at >= 0:
        for start in (at - 5, at - 6):  # the modes of folders and of files
            found = _ENTRY.match(raw, start) if start >= 0 else None
            whole = None if found is None else _ALL.match(raw, 0, start)
            if found is None or whole is None or whole.end() != start:
                continue  # these bytes are a part of an id
            if found[2] == plain and _keyed(*found.groups())[0] == name:
                return found[1], found.start(3)
        at = raw.find(b" " + plain + b"\0", at + 1)
    return None


_Entry = tuple[bytes, tuple[Mode, bytes]]


def _keyed(mode: bytes, name: bytes, oid: bytes) -> _Entry:
    return (name + b"/" if mode in (b"40000", b"040000") else name), (mode, oid)


def _in_order(found: Iterable[_Entry]) -> Entries:
    listed = list(found)
    names = [name for name, _ in listed]
    unique = dict(listed)
    if len(unique) != len(listed) or names != sorted(names):
        raise Malformed
    return unique


def _until_same(
    old: bytes, new: bytes, start: int, tail: int
) -> tuple[list[_Entry], list[_Entry], int]:
    """Parse entries of both trees from ``start`` until the rest is equal."""
    before: list[_Entry] = []
    after: list[_Entry] = []
    at_old = at_new = start
    while True:
        left_old, left_new = len(old) - at_old, len(new) - at_new
        if left_old == left_new <= tail:
            return before, after, at_new
        if left_old >= left_new:
            entry, at_old = _take(old, at_old)
            before.append(entry)
        if left_new >= left_old:
            entry, at_new = _take(new, at_new)
            after.append(entry)


def _take(raw: bytes, at: int) -> tuple[_Entry, int]:
    match = _ENTRY.match(raw, at)
    if match is None:
        raise Malformed
    return _keyed(*match.groups()), match.end()


def _common_prefix(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(one: bytes, other: bytes, most: int) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low
