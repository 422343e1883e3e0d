"""Message classes for the fields of discovery requests that this server reads.

protobuf's own runtime parses them. The descriptors are built here and declare only the fields that
are read: all other fields of Envoy's messages stay unread bytes inside the parsed message. Field
numbers are those of ``envoy/service/discovery/v3/discovery.proto``,
``envoy/config/core/v3/base.proto`` and ``google/protobuf/struct.proto``.
"""

from typing import Any, Final

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE: Final = "gitmesh.wire"

_SCHEMA: Final = """
Request
  1 string version_info
  2 Node node
  3 string* resource_names
  4 string type_url
  5 string response_nonce
  6 Status error_detail
DeltaRequest
  1 Node node
  2 string type_url
  3 string* resource_names_subscribe
  4 string* resource_names_unsubscribe
  5 map<string> initial_resource_versions
  6 string response_nonce
  7 Status error_detail
Node
  1 string id
  2 string cluster
  3 Struct metadata
  6 string user_agent_name
  7 string user_agent_version oneof
  8 BuildVersion user_agent_build_version oneof
  10 string* client_features
BuildVersion
  1 SemanticVersion version
SemanticVersion
  1 uint32 major_number
  2 uint32 minor_number
  3 uint32 patch
Status
  1 uint32 code
  2 bytes message
Struct
  1 map<Value> fields
Value
  1 uint64 null_value oneof
  2 double number_value oneof
  3 string string_value oneof
  4 bool bool_value oneof
  5 Struct struct_value oneof
  6 bytes list_value oneof
"""
"""One message per paragraph, one field per line: number, type, name. ``*`` means repeated.

A status message is text of the client, so it is read as bytes and cannot be invalid. All members of
a oneof are declared, because the last one on the wire counts.
"""


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="gitmesh/wire.proto", package=_PACKAGE, syntax="proto3")
    for line in _SCHEMA.strip().splitlines():
        if line.startswith(" "):
            _add_field(file.message_type[-1], *line.split())
        else:
            file.message_type.add(name=line)
    return file


def _add_field(message: DescriptorProto, number: str, kind: str, name: str, *oneof: str) -> None:
    field = message.field.add(
        name=name, number=int(number), label=FieldDescriptorProto.LABEL_OPTIONAL
    )
    if kind.endswith("*") or kind.startswith("map<"):
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if oneof:
        if not message.oneof_decl:
            message.oneof_decl.add(name="kind")
        field.oneof_index = 0
    if kind.startswith("map<"):
        kind = _add_map_entry(message, name, kind.removeprefix("map<").removesuffix(">"))
    _set_type(field, kind.removesuffix("*"))


def _add_map_entry(message: DescriptorProto, name: str, value: str) -> str:
    """Add the message type for the entries of a protobuf map; return its name."""
    entry = message.nested_type.add(name="".join(map(str.capitalize, name.split("_"))) + "Entry")
    entry.options.map_entry = True
    _add_field(entry, "1", "string", "key")
    _add_field(entry, "2", value, "value")
    return f"{message.name}.{entry.name}"


def _set_type(field: FieldDescriptorProto, kind: str) -> None:
    if kind[0].islower():
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


_pool = DescriptorPool()
_pool.AddSerializedFile(_file().SerializeToString())


def _message_class(name: str) -> Any:
    return GetMessageClass(_pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


Request: Final = _message_class("Request")
DeltaRequest: Final = _message_class("DeltaRequest")
