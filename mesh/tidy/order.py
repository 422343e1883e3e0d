"""Reading order of a document's fields: identity, then matching, then action.

Inside ``spec`` it is the order of the tables in :mod:`mesh.meaning`, so a new field has no entry
here.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Final, TypeVar

from mesh.keys import Kind
from mesh.meaning import reading_orders
from mesh.parsing.identity import name_fields

_T = TypeVar("_T")

_AFTER_NAMES: Final = ("meshOwner", "tags", "spec", "metadata", "status")
"""Fields of a document after its names; the last two are only in answers of the API."""


def in_reading_order(keyed: Iterable[tuple[str, _T]]) -> list[tuple[str, _T]]:
    """Return the members of an object in reading order. Unknown members come last, in their given
    order."""
    ranks = _ranks()
    return sorted(keyed, key=lambda pair: ranks.get(pair[0], len(ranks)))


@cache
def _ranks() -> Mapping[str, int]:
    """Return one rank per field name, so that the ranks agree with every table.

    :raises graphlib.CycleError: two tables have the same two fields in opposite orders.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for names in _orders():
        sorter.add(names[0])
        for before, after in pairwise(names):
            sorter.add(after, before)
    return {name: rank for rank, name in enumerate(sorter.static_order())}


def _orders() -> Iterator[tuple[str, ...]]:
    for kind in Kind:
        yield ("kind", *name_fields(kind), *_AFTER_NAMES)
    yield from reading_orders()
