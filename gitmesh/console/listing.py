"""A list that is shown in pages. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPage(Generic[T]):
    """Some items of a list."""

    shown: Sequence[T]
    page: int
    """From 1."""
    pages: int
    total: int
    """Number of items of the whole list."""


def list_page(found: Sequence[T], asked: str, size: int) -> ListPage[T]:
    """Return the page of a list that ``?page=`` names; the first if it names none."""
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 6
    page = max(1, int(asked)) if is_number else 1
    shown = found[(page - 1) * size : page * size]
    return ListPage(shown, page, max(1, -(-len(found) // size)), len(found))
