"""Translations in readable form: plain values and YAML, with Envoy's documented field names."""

import base64
import enum
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import betterproto2
import yaml
from envoy_data_plane.google.protobuf import Any as ProtobufAny
from envoy_data_plane.google.protobuf import Struct

from mesh.canonical import Json, JsonObject
from xds.translate.resources import Translation
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET

TYPES: Final = {
    "clusters": CLUSTER,
    "endpoints": ENDPOINT,
    "listeners": LISTENER,
    "routes": ROUTE,
    "secrets": SECRET,
}
"""Names of the types, in display order."""
_WIDE: Final = 4096
"""Line width that no text exceeds, so that the YAML writer folds no line."""


def dump(translation: Translation) -> dict[str, list[JsonObject]]:
    """Return the resources of each type as plain values: the JSON form of Envoy's messages.

    Packed messages are unpacked. Resources keep their order, fields have Envoy's order.
    """
    return {
        name: [resource_json(message) for message in translation.get(type_url, ())]
        for name, type_url in TYPES.items()
    }


def resource_json(message: betterproto2.Message) -> JsonObject:
    """Return an Envoy message as plain values, without unset fields.

    betterproto2's own conversion spells some names differently (``consecutive5Xx``) and validates
    each message once for every enclosing message.
    """
    if isinstance(message, ProtobufAny):
        inner = message.unpack()
        opened = {} if inner is None else resource_json(inner)
        return {"@type": message.type_url, **opened}
    if isinstance(message, Struct):
        return {name: _value(value.to_dict()) for name, value in sorted(message.fields.items())}
    fields = message._betterproto.meta_by_field_name  # type: ignore[arg-type]
    return {
        name: _value(value)
        for name, meta in fields.items()
        if _is_set(value := getattr(message, name), meta)
    }


def yaml_text(resources: Mapping[str, Sequence[JsonObject]] | Sequence[JsonObject]) -> str:
    """Return the output of :func:`dump`, or its part for one type, as YAML in the same order."""
    return yaml.dump(resources, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDE)


def _is_set(value: object, meta: betterproto2.FieldMetadata) -> bool:
    if meta.repeated or meta.map_meta is not None:
        return bool(value)
    if meta.optional or meta.group or meta.proto_type == betterproto2.TYPE_MESSAGE:
        return value is not None
    return bool(value)


def _value(value: object) -> Json:
    match value:
        case enum.Enum():
            return value.name
        case bool() | int() | str():
            return value
        case bytes():
            return base64.b64encode(value).decode()
        case timedelta():
            return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
        case betterproto2.Message():
            return resource_json(value)
        case list():
            return [_value(item) for item in value]
        case dict():
            return {str(name): _value(value[name]) for name in sorted(value)}
    raise TypeError(f"no message of ours holds a {type(value).__name__}")


class _Dumper(yaml.SafeDumper):
    """YAML dumper without anchors: repeated messages are written out each time."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)
