"""Values that are worked out of an object once, and known for as long as the object lives."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ref

K = TypeVar("K")
V = TypeVar("V")


class Once(Generic[K, V]):
    """A memory by identity, for objects that are never changed and need not be hashable."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[ref[K], V]] = {}

    def get(self, key: K, work: Callable[[K], V]) -> V:
        """Return what was worked out of this very object, or work it out."""
        number = id(key)
        known = self._known.get(number)
        if known is not None and known[0]() is key:
            return known[1]
        value = work(key)
        known_now = self._known
        self._known[number] = ref(key, lambda _: known_now.pop(number, None) and None), value
        return value
