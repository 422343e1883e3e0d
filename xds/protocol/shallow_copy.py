"""Shallow copies of objects with slots, many times faster than :mod:`copy`."""

from typing import Final, TypeVar

T = TypeVar("T")

_SLOTS: Final[dict[type, tuple[str, ...]]] = {}


def duplicate(original: T) -> T:
    """Return a new object of the same class with the same attribute values."""
    kind = type(original)
    slots = _SLOTS.get(kind)
    if slots is None:
        named = (slot for base in kind.__mro__ for slot in getattr(base, "__slots__", ()))
        slots = _SLOTS[kind] = tuple(named)
    new = object.__new__(kind)
    for slot in slots:
        setattr(new, slot, getattr(original, slot))
    return new
