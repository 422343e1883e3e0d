"""Merkle trees after RFC 6962: known roots, valid proofs, and rejected forgeries."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.integrity.merkle import (
    EMPTY_ROOT,
    GrowingTree,
    consistency_path,
    inclusion_path,
    is_consistent,
    leaf,
    root_by_path,
    root_of,
)

# The inputs and roots that certificate transparency tests itself with.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
INPUTS += ["606162636465666768696a6b6c6d6e6f"]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def leaves(count: int) -> list[bytes]:
    return [leaf(hashlib.sha256(bytes([n])).hexdigest()) for n in range(count)]


@pytest.mark.parametrize("size", ROOTS)
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert root_of(map(leaf, INPUTS[:size])).hex() == ROOTS[size]


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert GrowingTree().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()


def by_definition(of: list[bytes]) -> bytes:
    """The recursion of RFC 6962, word by word."""
    if len(of) == 1:
        return of[0]
    split = max(2**k for k in range(10) if 2**k < len(of))
    children = by_definition(of[:split]) + by_definition(of[split:])
    return hashlib.sha256(b"\1" + children).digest()


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_is_proven_and_no_other_in_its_place(size: int) -> None:
    tree = leaves(size)
    root = root_of(tree)
    assert root == by_definition(tree)
    for index in range(size):
        path = inclusion_path(tree, index)
        assert root_by_path(tree[index], index, size, path) == root
        for other in {*range(size)} - {index}:
            assert root_by_path(tree[other], index, size, path) != root


@given(st.integers(2, 40), st.data())
def test_a_path_that_was_touched_leads_elsewhere(size: int, data: st.DataObject) -> None:
    tree, index = leaves(size), data.draw(st.integers(0, size - 1))
    path = inclusion_path(tree, index)
    at = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:at], bytes(32), *path[at + 1 :]]
    assert root_by_path(tree[index], index, size, changed) != root_of(tree)
    for wrong in (path[:-1], [*path, bytes(32)]):
        with pytest.raises(ValueError, match=r"too short|too long"):
            root_by_path(tree[index], index, size, wrong)


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_a_leaf_that_no_tree_of_that_size_has_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="none at"):
        root_by_path(bytes(32), index, size, [])


@pytest.mark.parametrize("second", range(1, 20))
def test_a_tree_is_shown_to_be_the_beginning_of_a_longer_one_and_no_other_is(second: int) -> None:
    tree = leaves(second)
    roots = [root_of(tree[:size]) for size in range(second + 1)]
    assert is_consistent(0, roots[0], second, roots[second], consistency_path(tree, 0))
    assert not is_consistent(0, roots[0], second, roots[second], [bytes(32)])
    for first in range(1, second + 1):
        path = consistency_path(tree, first)
        assert is_consistent(first, roots[first], second, roots[second], path)
        assert not is_consistent(first, bytes(32), second, roots[second], path)
        assert not is_consistent(first, roots[first], second, bytes(32), path)
        for at in range(len(path)):
            changed = [*path[:at], bytes(32), *path[at + 1 :]]
            assert not is_consistent(first, roots[first], second, roots[second], changed)
        assert not is_consistent(first, roots[first], second, roots[second], [*path, bytes(32)])
        # Of a tree that is two levels higher the path would be longer.
        assert not is_consistent(first, roots[first], 4 * second, roots[second], path)
        if first < second:
            assert not is_consistent(first, roots[first], second, roots[second], path[:-1])


def test_growing_by_one_changes_the_root_each_time() -> None:
    tree = GrowingTree()
    roots = []
    for each in leaves(20):
        tree.add(each)
        roots.append(tree.root())
    assert all(one != other for one, other in pairwise(roots))
    assert roots == [root_of(leaves(size)) for size in range(1, 21)]
