"""Tree objects as bytes: comparing them gives the same result as parsing them."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.reading.tree_object import Entries, Malformed, differing, entries, lookup

NAMES = st.sampled_from(
    [b"a", b"a.yaml", b"b", b"100644 b", b"b.yaml", b"c d", b"\xff", b"gitmesh.yaml"]
    + [b"n%03d.yaml" % n for n in range(40)]
)
# Ids that look like entries, to lead a reader astray that does not begin at a boundary.
IDS = st.sampled_from([b"100644 x\0".ljust(20, b"1"), b"\0" * 20, b"100644 a.yaml\0abcdef"]) | (
    st.integers(0, 3).map(lambda n: hashlib.sha1(bytes([n])).digest())
)
TREES = st.dictionaries(
    st.tuples(NAMES, st.booleans()), st.tuples(st.sampled_from([b"100644", b"120000"]), IDS)
)
Tree = dict[tuple[bytes, bool], tuple[bytes, bytes]]


def keyed(tree: Tree) -> Entries:
    found = {
        name + b"/" if folder else name: (b"40000" if folder else mode, oid)
        for (name, folder), (mode, oid) in tree.items()
    }
    return dict(sorted(found.items()))


def raw(found: Entries) -> bytes:
    return b"".join(
        mode + b" " + name.removesuffix(b"/") + b"\0" + oid for name, (mode, oid) in found.items()
    )


@settings(deadline=None)
@given(TREES)
def test_entries_are_what_was_written(tree: Tree) -> None:
    assert entries(raw(keyed(tree))) == keyed(tree)
    for name, entry in keyed(tree).items():
        assert lookup(raw(keyed(tree)), name) == entry
    assert lookup(raw(keyed(tree)), b"nowhere") is None


@settings(deadline=None)
@given(TREES, TREES, st.booleans())
def test_what_differs_is_found_and_nothing_else(one: Tree, other: Tree, related: bool) -> None:
    old, new = keyed(one), keyed({**one, **other} if related else other)
    gone, there = differing(raw(old), raw(new))
    assert gone == {name: entry for name, entry in old.items() if new.get(name) != entry}
    assert there == {name: entry for name, entry in new.items() if old.get(name) != entry}


@pytest.mark.parametrize(
    "bad",
    [
        lambda good: good + b"x",
        lambda good: b"x" + good,
        lambda good: good + good[-32:],
        lambda good: good[32:] + good[:32],
        lambda good: good[:64] + b"9" + good[64:],
    ],
    ids=["more", "garbage before", "a name twice", "unsorted", "garbage within"],
)
def test_what_git_would_not_write_is_refused_whether_read_whole_or_compared(bad: object) -> None:
    assert callable(bad)
    names = [b"n%d.y" % n for n in range(9)]  # 32 bytes each
    good = raw(dict.fromkeys(names, (b"100644", b"i" * 20)))
    assert len(good) == 9 * 32
    broken = bad(good)
    with pytest.raises(Malformed):
        entries(broken)
    with pytest.raises(Malformed):
        differing(good, broken)
