"""Values computed once per object and kept as long as the object exists."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ref

K = TypeVar("K")
V = TypeVar("V")


class IdentityCache(Generic[K, V]):
    """Cache keyed by object identity, for immutable objects that need not be hashable."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[ref[K], V]] = {}

    def get(self, key: K, work: Callable[[K], V]) -> V:
        """Return the cached value of this object, or compute it."""
        number = id(key)
        known = self._known.get(number)
        if known is not None and known[0]() is key:
            return known[1]
        value = work(key)
        known_now = self._known
        self._known[number] = ref(key, lambda _: known_now.pop(number, None) and None), value
        return value
