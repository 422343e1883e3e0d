"""Message classes of protobuf's own runtime, declared as text.

A declaration has only the fields that are read: all other fields stay unread bytes inside the
parsed message.
"""

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass


def message_classes(package: str, schema: str) -> Callable[[str], Any]:
    """Return the function from the name of a declared message to its class.

    :param schema: one message per paragraph, one field per line: number, type, name. ``*`` means
        repeated; ``oneof`` after the name puts the field into the message's oneof.
    """
    pool = DescriptorPool()
    pool.AddSerializedFile(_file(package, schema).SerializeToString())
    return lambda name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))


def _file(package: str, schema: str) -> FileDescriptorProto:
    file = FileDescriptorProto(
        name=f"{package.replace('.', '/')}.proto", package=package, syntax="proto3"
    )
    for line in schema.strip().splitlines():
        if line.startswith(" "):
            _add_field(package, file.message_type[-1], *line.split())
        else:
            file.message_type.add(name=line)
    return file


def _add_field(
    package: str, message: DescriptorProto, number: str, kind: str, name: str, *oneof: str
) -> None:
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
        value = kind.removeprefix("map<").removesuffix(">")
        kind = _add_map_entry(package, message, name, value)
    _set_type(package, field, kind.removesuffix("*"))


def _add_map_entry(package: str, message: DescriptorProto, name: str, value: str) -> str:
    """Add the message type for the entries of a protobuf map; return its name."""
    entry = message.nested_type.add(name="".join(map(str.capitalize, name.split("_"))) + "Entry")
    entry.options.map_entry = True
    _add_field(package, entry, "1", "string", "key")
    _add_field(package, entry, "2", value, "value")
    return f"{message.name}.{entry.name}"


def _set_type(package: str, field: FieldDescriptorProto, kind: str) -> None:
    if kind[0].islower():
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{package}.{kind}"
