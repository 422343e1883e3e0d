"""Random Envoy messages of any type, small and reproducible, for tests of the encoder."""

import datetime
import enum
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import betterproto2
from betterproto2 import FieldMetadata, Message

_INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "sint32": (-(2**31), 2**31 - 1),
    "sint64": (-(2**63), 2**63 - 1),
    "sfixed32": (-(2**31), 2**31 - 1),
    "sfixed64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "fixed32": (0, 2**32 - 1),
    "fixed64": (0, 2**64 - 1),
}
_TEXTS = ("", "a", "cluster-1", "ünïcödé", "x" * 130, "\0", "*")
_FLOATS = (0.0, -0.0, 1.0, -2.5, 0.1, 1e30, float("inf"), float("nan"))


def reachable(*roots: type[Message]) -> list[type[Message]]:
    """Return these message types and all types inside them, in a stable order."""
    seen: dict[type[Message], None] = {}
    waiting = list(roots)
    while waiting:
        cls = waiting.pop()
        if cls in seen:
            continue
        seen[cls] = None
        for name, meta in cls._betterproto.meta_by_field_name.items():  # type: ignore[arg-type]
            inner = _message_type(cls, name, meta)
            if inner is not None:
                waiting.append(inner)
    return list(seen)


def random_message(cls: type[Message], random: Random, *, depth: int = 3) -> Message:
    """Return a valid message whose maps are sorted by key, as ours are."""
    fields: dict[str, Any] = {}
    groups: set[str] = set()
    for name, meta in cls._betterproto.meta_by_field_name.items():  # type: ignore[arg-type]
        if random.random() < 0.5 or (meta.group and meta.group in groups):
            continue
        if depth == 0 and _message_type(cls, name, meta) is not None:
            continue
        if meta.group:
            groups.add(meta.group)
        fields[name] = _field(cls, name, meta, random, depth)
    return cls(**fields)


def _message_type(cls: type[Message], name: str, meta: FieldMetadata) -> type[Message] | None:
    if meta.map_meta is not None:
        value = meta.map_meta[1]
        is_message = value.proto_type == betterproto2.TYPE_MESSAGE and value.unwrap is None
        return _message_cls(cls, f"{name}.value") if is_message else None
    if meta.proto_type != betterproto2.TYPE_MESSAGE or meta.unwrap is not None:
        return None
    return _message_cls(cls, name)


def _message_cls(cls: type[Message], name: str) -> type[Message]:
    found: type[Message] = _cls_of(cls, name)
    return found


def _cls_of(cls: type[Message], name: str) -> Any:
    return cls._betterproto.cls_by_field[name]  # type: ignore[arg-type]


def _field(cls: type[Message], name: str, meta: FieldMetadata, random: Random, depth: int) -> Any:
    if meta.map_meta is not None:
        key, value = meta.map_meta
        keys = _some(random, lambda: _value(None, key, random, depth))
        inner = _cls_of(cls, f"{name}.value")
        return {k: _value(inner, value, random, depth) for k in sorted(set(keys))}
    inner = _cls_of(cls, name)
    if meta.repeated:
        return list(_some(random, lambda: _value(inner, meta, random, depth)))
    return _value(inner, meta, random, depth)


def _some(random: Random, make: Callable[[], Any]) -> Iterable[Any]:
    return [make() for _ in range(random.choice((0, 1, 1, 2, 3)))]


def _value(cls: Any, meta: FieldMetadata, random: Random, depth: int) -> Any:
    if meta.unwrap is not None:
        return _wrapped(meta.unwrap(), random)
    if meta.proto_type in _INTEGERS:
        low, high = _INTEGERS[meta.proto_type]
        return random.choice((0, 1, 127, 128, 2047, 2048, low, high, random.randint(low, high)))
    match meta.proto_type:
        case betterproto2.TYPE_MESSAGE:
            return random_message(cls, random, depth=depth - 1)
        case betterproto2.TYPE_ENUM:
            return _enum(cls, random)
        case betterproto2.TYPE_BOOL:
            return random.random() < 0.5
        case betterproto2.TYPE_BYTES:
            return random.randbytes(random.choice((0, 1, 3, 200)))
        case betterproto2.TYPE_FLOAT | betterproto2.TYPE_DOUBLE:
            return random.choice(_FLOATS)
        case _:
            return random.choice(_TEXTS)


def _enum(cls: type[enum.IntEnum], random: Random) -> int:
    # An Envoy that is newer than our definitions has values that they do not know.
    return cls(12_345) if random.random() < 0.1 else random.choice(list(cls))


def _wrapped(cls: type, random: Random) -> Any:
    match cls.__name__:
        case "Duration":
            seconds = random.choice((0, 1, 15, 86_400, 10**9))
            return datetime.timedelta(
                seconds=seconds, microseconds=random.choice((0, 1, 250_000, 999_999))
            )
        case "Timestamp":
            moment = random.choice((-1, 0, 1, 1_795_000_000, -62_135_596_800))
            start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
            return start + datetime.timedelta(
                seconds=moment, microseconds=random.choice((0, 1, 999_999))
            )
    meta = cls._betterproto.meta_by_field_name["value"]  # type: ignore[attr-defined]
    return _value(None, meta, random, 0)
