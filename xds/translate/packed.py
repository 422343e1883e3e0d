"""Packing of typed Envoy configurations into ``Any``."""

import betterproto2
from envoy_data_plane.google.protobuf import Any as ProtobufAny
from envoy_data_plane.message_pool import default_message_pool

from xds.wire.encode import encode


def packed(message: betterproto2.Message) -> ProtobufAny:
    """Return the message as an ``Any`` with its type."""
    return ProtobufAny(
        type_url=default_message_pool.type_to_url[type(message)], value=encode(message)
    )
