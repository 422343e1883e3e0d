"""The encoder writes what betterproto2 writes, for every message that we can send or read."""

import datetime
from random import Random

import pytest
from betterproto2 import Message
from envoy_data_plane.envoy.config.accesslog.v3 import AccessLog
from envoy_data_plane.envoy.config.bootstrap.v3 import Bootstrap
from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.core.v3 import Metadata, Node
from envoy_data_plane.envoy.config.endpoint.v3 import ClusterLoadAssignment
from envoy_data_plane.envoy.config.listener.v3 import Listener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration
from envoy_data_plane.envoy.extensions.access_loggers.file.v3 import FileAccessLog
from envoy_data_plane.envoy.extensions.filters.http.router.v3 import Router
from envoy_data_plane.envoy.extensions.filters.listener.original_dst.v3 import OriginalDst
from envoy_data_plane.envoy.extensions.filters.listener.tls_inspector.v3 import TlsInspector
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager.v3 import (
    HttpConnectionManager,
)
from envoy_data_plane.envoy.extensions.filters.network.tcp_proxy.v3 import TcpProxy
from envoy_data_plane.envoy.extensions.retry.host.previous_hosts.v3 import PreviousHostsPredicate
from envoy_data_plane.envoy.extensions.transport_sockets.tls.v3 import (
    DownstreamTlsContext,
    Secret,
    UpstreamTlsContext,
)
from envoy_data_plane.envoy.extensions.upstreams.http.v3 import HttpProtocolOptions
from envoy_data_plane.envoy.service.discovery.v3 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)
from envoy_data_plane.google.protobuf import (
    Any,
    BoolValue,
    BytesValue,
    DoubleValue,
    Duration,
    FloatValue,
    Int32Value,
    Int64Value,
    ListValue,
    NullValue,
    StringValue,
    Struct,
    Timestamp,
    UInt32Value,
    UInt64Value,
    Value,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.messages import random_message, reachable
from xds.wire.encode import encode

# Deprecated fields of the Envoy API are written like all others.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")

ROOTS = (
    AccessLog,
    Cluster,
    ClusterLoadAssignment,
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
    DownstreamTlsContext,
    FileAccessLog,
    HttpConnectionManager,
    HttpProtocolOptions,
    Listener,
    OriginalDst,
    PreviousHostsPredicate,
    RouteConfiguration,
    Router,
    Secret,
    TcpProxy,
    TlsInspector,
    UpstreamTlsContext,
)
WELL_KNOWN = (
    Any,
    BoolValue,
    BytesValue,
    DoubleValue,
    Duration,
    FloatValue,
    Int32Value,
    Int64Value,
    ListValue,
    StringValue,
    Struct,
    Timestamp,
    UInt32Value,
    UInt64Value,
    Value,
)
ALL = sorted(reachable(*ROOTS, *WELL_KNOWN), key=lambda cls: (cls.__module__, cls.__name__))


def same_bytes(message: Message) -> None:
    written = encode(message)
    assert written == bytes(message)
    # By bytes, because messages with a NaN in a list differ from themselves.
    assert encode(type(message).parse(written)) == written


def test_every_type_that_we_send_or_read_is_written_as_betterproto2_writes_it() -> None:
    assert len(ALL) > 350
    for cls in ALL:
        for seed in range(5):
            same_bytes(random_message(cls, Random(f"{cls.__name__}{seed}"), depth=1))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(ROOTS), st.integers(0, 2**32))
def test_any_nesting_is_written_as_betterproto2_writes_it(cls: type[Message], seed: int) -> None:
    same_bytes(random_message(cls, Random(seed), depth=3))


@pytest.mark.parametrize("cls", ROOTS, ids=lambda cls: str(cls.__name__))
def test_an_empty_message_is_no_bytes(cls: type[Message]) -> None:
    assert encode(cls()) == b""


def test_an_empty_message_inside_another_is_still_there() -> None:
    message = DiscoveryRequest(node=Node())
    assert encode(message) == b"\x12\x00" == bytes(message)


def test_zero_in_a_field_that_may_be_absent_is_written() -> None:
    message = Value(null_value=NullValue(0))
    assert encode(message) == b"\x08\x00" == bytes(message)
    assert encode(Value(string_value="")) == b"\x1a\x00"
    assert encode(Value(bool_value=False)) == b"\x20\x00"


def test_a_wrapped_zero_is_present_and_empty() -> None:
    cluster = Cluster(per_connection_buffer_limit_bytes=0)
    assert encode(cluster) == b"\x2a\x00" == bytes(cluster)


def test_maps_are_written_sorted_by_key_however_they_were_filled() -> None:
    one = Metadata(filter_metadata={"b": Struct(), "a": Struct(), "c": Struct()})
    two = Metadata(filter_metadata={"c": Struct(), "b": Struct(), "a": Struct()})
    assert bytes(one) != bytes(two), "betterproto2 writes them as they were filled"
    assert encode(one) == encode(two)
    assert Metadata.parse(encode(one)) == one


def test_bytes_of_fields_that_our_definitions_do_not_know_are_kept() -> None:
    raw = b"\x0a\x01x\xfa\x3f\x02hi"
    assert encode(Cluster.parse(raw)) == bytes(Cluster.parse(raw))
    assert b"hi" in encode(Cluster.parse(raw))


def test_a_negative_duration_is_written_as_protobuf_defines_it() -> None:
    cluster = Cluster(connect_timeout=datetime.timedelta(seconds=-1, microseconds=-500_000))
    # seconds: -1, nanos: -500_000_000; betterproto2 0.9 would write +500_000_000.
    minus_one = b"\x08" + b"\xff" * 9 + b"\x01"
    nanos = b"\x10\x80\xb6\xca\x91\xfe\xff\xff\xff\xff\x01"
    assert encode(cluster) == b"\x22\x16" + minus_one + nanos


def test_a_number_too_large_for_its_field_is_an_error_and_not_other_bytes() -> None:
    message = UInt64Value()
    message.value = 2**64
    with pytest.raises(ValueError, match="64 bits"):
        encode(message)


def test_a_bootstrap_is_written_as_betterproto2_writes_it() -> None:
    same_bytes(random_message(Bootstrap, Random(1), depth=2))
