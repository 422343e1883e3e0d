"""Import Envoy's messages as plain dataclasses, without pydantic's validators.

The library makes each message a pydantic dataclass. That builds validators for some 500 message
classes on import and first use, and validates each message once for every enclosing message. mypy
checks the types instead, and tests with Envoy check the values; see
docs/decisions/0036-skip-validation-of-envoy-messages.md.
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
    """Resolve the annotations of a class once; the library would do it once per field."""
    return get_type_hints(cls, vars(sys.modules[cls.__module__]), {})


@contextmanager
def plain_messages() -> Iterator[None]:
    """Make messages of envoy_data_plane that are first imported in this block standard dataclasses,
    as betterproto2 does by default.

    The function replaces the library's decorator by name. If a later version renames it, messages
    stay correct, but are slower.
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
