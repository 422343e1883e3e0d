"""Envoy's messages without validators.

The library makes each of them a dataclass of pydantic, which builds validators of some 500 kinds of
messages when they are imported and first used, and validates each message once for every message
around it. Types are what mypy holds us to, values what Envoy is asked for in tests; see
docs/decisions/0036-envoys-messages-are-plain.md.
"""

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, get_type_hints

import pydantic.dataclasses
from betterproto2 import Message


@cache
def _hints(cls: type[Message]) -> dict[str, type]:
    """Resolve the annotations of a class, which the library does once for each field of it."""
    return get_type_hints(cls, vars(sys.modules[cls.__module__]), {})


@contextmanager
def plain_messages() -> Iterator[None]:
    """Let the messages of envoy_data_plane that are first imported in this block be dataclasses of
    the standard library, as betterproto2 makes them unless it is told otherwise.

    The name of the decorator is the only way in. If it were another some day, messages would be as
    right as before, and slower.
    """
    decorator = pydantic.dataclasses.dataclass

    def plain(*classes: Any, config: object = None, **options: Any) -> Any:
        make = dataclasses.dataclass(*classes, **options)
        return _hinted_once(make) if classes else lambda cls: _hinted_once(make(cls))

    pydantic.dataclasses.dataclass = plain
    try:
        yield
    finally:
        pydantic.dataclasses.dataclass = decorator


def _hinted_once(cls: Any) -> Any:
    if issubclass(cls, Message):
        cls._type_hints = partial(_hints, cls)
    return cls
