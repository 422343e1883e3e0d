"""The minimal decoder reads what the full parser reads, and survives any other bytes."""

import contextlib
from random import Random

import pytest
from envoy_data_plane.envoy.config.core.v3 import BuildVersion, Node
from envoy_data_plane.envoy.service.discovery.v3 import DeltaDiscoveryRequest, DiscoveryRequest
from envoy_data_plane.envoy.type.v3 import SemanticVersion
from envoy_data_plane.google.protobuf import Struct, Value
from envoy_data_plane.google.rpc import Status
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.messages import random_message
from xds.wire import decode
from xds.wire.decode import (
    ErrorDetail,
    decode_delta_request,
    decode_request,
)
from xds.wire.encode import encode
from xds.wire.fields import DecodeError, fields
from xds.wire.varint import delimited, varint

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")

seeds = st.integers(0, 2**32)


def decode_node(data: bytes) -> decode.Node:
    node = decode_request(delimited(2, data)).node
    assert node is not None
    return node


def error_of(status: Status | None) -> ErrorDetail | None:
    if status is None:
        return None
    return ErrorDetail(status.code & 0xFFFF_FFFF, status.message[: decode.MAX_MESSAGE])


def version_of(node: Node) -> str:
    build = node.user_agent_build_version
    if build is None or build.version is None:
        return node.user_agent_version or ""
    v = build.version
    return ".".join(str(n & 0xFFFF_FFFF) for n in (v.major_number, v.minor_number, v.patch))


def ours_in(metadata: Struct | None) -> dict[str, str]:
    member = metadata.fields.get("gitmesh") if metadata is not None else None
    if member is None or member.struct_value is None:
        return {}
    inner = member.struct_value.fields.items()
    return {name: v.string_value for name, v in inner if v.string_value is not None}


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_a_request_is_read_as_the_full_parser_reads_it(seed: int) -> None:
    data = encode(random_message(DiscoveryRequest, Random(seed), depth=3))
    full, ours = DiscoveryRequest.parse(data), decode_request(data)
    assert (ours.type_url, ours.version, ours.nonce) == (
        full.type_url,
        full.version_info[: decode.MAX_VERSION],
        full.response_nonce[: decode.MAX_VERSION],
    )
    assert ours.names == tuple(full.resource_names)
    assert ours.error == error_of(full.error_detail)
    assert (ours.node.id if ours.node else None) == (
        full.node.id if full.node is not None else None
    )


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_a_delta_request_is_read_as_the_full_parser_reads_it(seed: int) -> None:
    data = encode(random_message(DeltaDiscoveryRequest, Random(seed), depth=2))
    full, ours = DeltaDiscoveryRequest.parse(data), decode_delta_request(data)
    assert (ours.type_url, ours.nonce) == (
        full.type_url,
        full.response_nonce[: decode.MAX_VERSION],
    )
    assert ours.subscribe == tuple(full.resource_names_subscribe)
    assert ours.unsubscribe == tuple(full.resource_names_unsubscribe)
    assert ours.initial_versions == {
        name: version[: decode.MAX_VERSION]
        for name, version in full.initial_resource_versions.items()
    }
    assert ours.error == error_of(full.error_detail)


@settings(max_examples=80, deadline=None)
@given(seeds)
def test_a_node_is_read_as_the_full_parser_reads_it(seed: int) -> None:
    random = Random(seed)
    message = random_message(Node, random, depth=2)
    assert isinstance(message, Node)
    message = Node.parse(encode(message))
    member = random_message(Struct, random, depth=3)
    assert isinstance(member, Struct)
    node = Node(
        id=message.id,
        cluster=message.cluster,
        metadata=Struct(fields={"gitmesh": Value(struct_value=member), "other": Value()}),
        user_agent_name=message.user_agent_name,
        user_agent_version=message.user_agent_version,
        user_agent_build_version=message.user_agent_build_version,
        extensions=message.extensions,
        client_features=message.client_features,
    )
    ours = decode_node(encode(node))
    assert (ours.id, ours.cluster) == (node.id, node.cluster[: decode.MAX_CLUSTER])
    assert ours.metadata == ours_in(node.metadata)
    assert ours.user_agent_name == node.user_agent_name[: decode.MAX_AGENT]
    assert ours.user_agent_version == version_of(node)[: decode.MAX_AGENT]
    assert ours.client_features == tuple(node.client_features)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_the_bytes_reading_fails_with_a_decode_error_only(data: bytes) -> None:
    for read in (decode_request, decode_delta_request):
        with contextlib.suppress(DecodeError):
            read(data)


@settings(max_examples=200, deadline=None)
@given(seeds, st.data())
def test_a_request_that_is_cut_or_bent_fails_with_a_decode_error_only(
    seed: int, data: st.DataObject
) -> None:
    whole = bytearray(encode(random_message(DiscoveryRequest, Random(seed), depth=2)))
    if whole:
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    part = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(DecodeError):
        decode_request(part)


def test_the_last_occurrence_of_a_field_counts() -> None:
    data = delimited(1, b"old") + delimited(4, b"a") + delimited(1, b"new") + delimited(4, b"b")
    assert (decode_request(data).version, decode_request(data).type_url) == ("new", "b")


def test_occurrences_of_a_submessage_are_merged() -> None:
    one, two = encode(Node(id="first", cluster="c")), encode(Node(id="second"))
    node = decode_request(delimited(2, one) + delimited(2, two)).node
    assert node is not None
    assert (node.id, node.cluster) == ("second", "c")


def test_the_last_arm_of_the_agents_version_counts() -> None:
    version = delimited(7, b"1.40")
    build = delimited(8, encode(BuildVersion()))
    assert decode_node(version + build).user_agent_version == ""
    assert decode_node(build + version).user_agent_version == "1.40"


@settings(max_examples=40, deadline=None)
@given(*[st.integers(0, 2**32 - 1)] * 3)
def test_a_build_version_counts_when_there_is_no_other(major: int, minor: int, patch: int) -> None:
    version = SemanticVersion(major_number=major, minor_number=minor, patch=patch)
    metadata = Struct(fields={"revision.status": Value(string_value="Clean")})
    built = BuildVersion(version=version, metadata=metadata)
    data = encode(Node(user_agent_name="envoy", user_agent_build_version=built))
    read = Node.parse(data).user_agent_build_version
    assert read is not None
    assert read.version == version
    assert decode_node(data).user_agent_version == f"{major}.{minor}.{patch}"
    assert decode_node(data + delimited(7, b"1.40")).user_agent_version == "1.40"


def test_what_a_client_calls_itself_is_cut() -> None:
    long = "é" * 5000
    said = Node(id="i", cluster=long, user_agent_name=long, user_agent_version=long)
    node = decode_node(encode(said))
    assert node.cluster == "é" * 256
    assert (node.user_agent_name, node.user_agent_version) == ("é" * 128, "é" * 128)


def test_a_metadata_value_that_is_no_string_is_not_ours() -> None:
    text, number = Value(string_value="x"), Value(number_value=1.0)
    entry = delimited(1, b"ingress") + delimited(2, encode(text) + encode(number))
    member = delimited(1, b"gitmesh") + delimited(2, delimited(5, delimited(1, entry)))
    assert decode_node(delimited(3, delimited(1, member))).metadata == {}


def test_an_empty_error_is_an_error() -> None:
    assert decode_request(delimited(6, b"")).error == ErrorDetail()
    assert decode_request(b"").error is None


def test_somebody_elses_words_are_cut_and_never_fail_to_be_text() -> None:
    long = decode_request(delimited(6, delimited(2, "é".encode() * 9000))).error
    assert long is not None
    assert long.message == "é" * decode.MAX_MESSAGE
    odd = decode_request(delimited(6, delimited(2, b"no \xff way"))).error
    assert odd is not None
    assert odd.message == "no \N{REPLACEMENT CHARACTER} way"


GROUPS = (b"\x0b\x0c",)
"""Broken only for :func:`fields`, which walks over no groups."""


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x0a", "cut off"),
        (b"\x0a\x05ab", "longer than its message"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "longer than its message"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "longer than ten bytes"),
        (b"\x80", "cut off"),
        (b"\x00\x00", "out of range"),
        (b"\x02\x00", "out of range"),
        (b"\x0b\x0c", "wire type 3"),
        (b"\x0f", "wire type 7"),
        (b"\x0d\x01\x02", "longer than its message"),
        (b"\x09" + b"\x01" * 7, "longer than its message"),
        (b"\xf8\xff\xff\xff\xff\x01\x00", "out of range"),
    ],
)
def test_each_kind_of_broken_bytes_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        list(fields(data))
    if data not in GROUPS:
        with pytest.raises(DecodeError):
            decode_request(data)


def test_a_string_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(DecodeError, match="UTF-8"):
        decode_request(b"\x0a\x01\xff")


def test_a_group_is_skipped_as_an_unknown_field() -> None:
    # Protocol Buffers encoding: parsers skip fields that they do not know, old groups among them.
    assert decode_request(b"\x0b\x0c" + delimited(4, b"t")).type_url == "t"


def test_a_field_never_reaches_beyond_the_message_that_holds_it() -> None:
    inner = b"\x0a\x05ab"
    with pytest.raises(DecodeError, match="longer than its message"):
        list(fields(inner + b"cde", 0, len(inner)))


def test_more_names_than_a_mesh_has_are_refused() -> None:
    data = delimited(3, b"x") * (decode.MAX_NAMES + 1)
    with pytest.raises(DecodeError, match="20000 names"):
        decode_request(data)
    with pytest.raises(DecodeError, match="20000 names"):
        decode_delta_request(data)


def test_numbers_are_read_with_all_their_64_bits() -> None:
    assert [value for _, value, _ in fields(b"\x08" + varint(-1))] == [2**64 - 1]


_SKIPPED = 9 << 3 | 2
_SHORT_FIELDS = st.tuples(st.sampled_from([1, 9, 9, 9, 10]), st.binary(max_size=130))


@settings(max_examples=300, deadline=None)
@given(st.lists(_SHORT_FIELDS, max_size=12), st.integers(0, 3), st.binary(max_size=3))
def test_to_skip_a_field_hides_no_other_and_no_broken_byte(
    written: list[tuple[int, bytes]], cut: int, more: bytes
) -> None:
    data = b"".join(delimited(number, value) for number, value in written) + more
    data = data[: len(data) - cut]

    def read(skip: int) -> tuple[list[tuple[int, int, int]], bool]:
        found = []
        try:
            for each in fields(data, skip=skip):
                found.append(each)
        except DecodeError:
            return [each for each in found if each[0] != _SKIPPED], True
        return [each for each in found if each[0] != _SKIPPED], False

    assert read(_SKIPPED) == read(-1)
