"""Merkle trees over a chain, after RFC 6962: one root, and a short proof per event. Pure.

A leaf is the SHA-256 of ``0x00`` and the 32 bytes of an event's hash, an inner node that of
``0x01`` and its two children. The shape is fixed by the size: the left child of each node is the
largest complete tree that fits. (https://www.rfc-editor.org/rfc/rfc6962#section-2.1)
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf(event_hash: str) -> bytes:
    """Return the leaf of an event, from its hash in hex."""
    return hashlib.sha256(b"\0" + bytes.fromhex(event_hash)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class GrowingTree:
    """A tree built by appending leaves; only the roots of its complete subtrees are kept."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []

    def add(self, added: bytes) -> None:
        """Append a leaf."""
        size = self.size
        while size & 1:
            added = _node(self._parts.pop(), added)
            size >>= 1
        self._parts.append(added)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of all leaves so far."""
        if not self._parts:
            return EMPTY_ROOT
        *rest, root = self._parts
        for part in reversed(rest):
            root = _node(part, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of a whole tree."""
    tree = GrowingTree()
    for each in leaves:
        tree.add(each)
    return tree.root()


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from the leaf at ``index`` to the root, in order."""
    path = []
    level = list(leaves)
    while len(level) > 1:
        if (sibling := index ^ 1) < len(level):
            path.append(level[sibling])
        pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        # A node without a sibling moves up unchanged.
        level = pairs + level[len(pairs) * 2 :]
        index >>= 1
    return path


def root_by_path(added: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a path leads to from the leaf at ``index`` in a tree of ``size``.

    :raises ValueError: no tree of that size has such a path.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has none at {index}")
    steps: Iterator[bytes] = iter(path)
    last = size - 1
    try:
        while last:
            if index & 1:
                added = _node(next(steps), added)
            elif index < last:
                added = _node(added, next(steps))
            index, last = index >> 1, last >> 1
    except StopIteration:
        raise ValueError("the path is too short") from None
    if next(steps, None) is not None:
        raise ValueError("the path is too long")
    return added


def consistency_path(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Return the proof that the tree of the ``first`` leaves is a prefix of the whole tree."""
    return _consistency(leaves, first, whole=True) if 0 < first < len(leaves) else []


def _consistency(leaves: Sequence[bytes], first: int, *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    if first <= split:
        path = _consistency(leaves[:split], first, whole=whole)
        return [*path, root_of(leaves[split:])]
    path = _consistency(leaves[split:], first - split, whole=False)
    return [*path, root_of(leaves[:split])]


def is_consistent(
    first: int, first_root: bytes, second: int, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether a proof shows that the first tree is a prefix of the second.

    After RFC 9162, section 2.1.4.2.
    """
    if first == second:
        return first_root == second_root and not path
    if not 0 < first < second or not path:
        return first == 0 and not path
    steps = list(path) if first & (first - 1) else [first_root, *path]
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            old, new = _node(step, old), _node(step, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = _node(new, step)
        at, last = at >> 1, last >> 1
    return not last and old == first_root and new == second_root
