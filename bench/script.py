"""Requests and acknowledgements of a simulated proxy, prepared in Envoy's order.

Clusters first; then their endpoints; then listeners, and the routes that those name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.frames import message, opening
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, TypeUrl
from xds.wire.fields import fields
from xds.wire.varint import LENGTH, delimited, tag

_SERVICE: Final = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
ASKED: Final = (CLUSTER, ENDPOINT, LISTENER, ROUTE)

# Field numbers of the requests, which differ between the two variants.
_NODE, _DELTA_NODE = 2, 1
_TYPE_URL, _DELTA_TYPE_URL = 4, 2
_NAMES, _SUBSCRIBE = 3, 3
_VERSION, _INITIAL_VERSIONS = 1, 5
_NONCE, _DELTA_NONCE = tag(5, LENGTH), tag(6, LENGTH)


@dataclass(frozen=True, slots=True)
class Part:
    """A proxy's node, and the names that it subscribes to."""

    node: str
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names by type; missing types are subscribed with a wildcard."""
    extensions: int = 0
    """Number of extensions that the node lists. A real Envoy lists 1,400, which are 61 KB."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The parts of a response that its acknowledgement needs."""

    type_url: TypeUrl
    version: bytes
    nonce: bytes
    resources: int
    removed: int


def read(response: bytes, *, delta: bool) -> Seen:
    """Read those parts of a response."""
    type_url = version = nonce = b""
    resources = removed = 0
    for key, a, b in fields(response):
        number = key >> 3
        if number == 2:
            resources += 1
        elif number == 1:
            version = response[a:b]
        elif number == 4:
            type_url = response[a:b]
        elif number == 5:
            nonce = response[a:b]
        elif number == 6 and delta:
            removed += 1
    return Seen(TypeUrl(type_url.decode()), version, nonce, resources, removed)


def versions_of(delta_response: bytes) -> dict[str, str]:
    """Return the version of each resource of a delta response, by name."""
    found = {}
    for key, a, b in fields(delta_response):
        if key >> 3 == 2:
            texts = {number: delta_response[c:d] for number, c, d in fields(delta_response, a, b)}
            found[texts[tag_of(3)].decode()] = texts[tag_of(1)].decode()
    return found


def tag_of(number: int) -> int:
    """Return the tag of a bytes field as :func:`xds.wire.fields.fields` returns it."""
    return number << 3 | LENGTH


class Script:
    """The bytes that a proxy sends; proxies of one node share one script."""

    def __init__(
        self, part: Part, port: int, *, delta: bool, held: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Prepare the requests.

        :param held: resources of a reconnecting client: versions by name and type for delta; for
            the
            other variant the version of each type, under an empty name. Such a client subscribes to
            everything at once, as Envoy does on a new stream.
        """
        self.delta = delta
        self._part = part
        self._acks: dict[tuple[str, bytes], bytes] = {}
        method = "DeltaAggregatedResources" if delta else "StreamAggregatedResources"
        node = delimited(_DELTA_NODE if delta else _NODE, _node(part))
        self.asks = {t: message(self._ask(t, held.get(t, {}))) for t in ASKED}
        first = message(node + self._ask(CLUSTER, held.get(CLUSTER, {})))
        rest = (self.asks[t] for t in ASKED[1:]) if held else ()
        self.comes_back = bool(held)
        self.hello = b"".join((opening(f"127.0.0.1:{port}", _SERVICE + method), first, *rest))

    def ack(self, type_url: str, version: bytes, nonce: bytes) -> bytes:
        """Return the acknowledgement of a response."""
        key = (type_url, version)
        body = self._acks.get(key)
        if body is None:
            body = self._acks[key] = self._ack_body(type_url, version)
        sign = _DELTA_NONCE if self.delta else _NONCE
        return message(b"".join((body, sign, bytes((len(nonce),)), nonce)))

    def _ask(self, type_url: TypeUrl, held: Mapping[str, str]) -> bytes:
        kind = delimited(_DELTA_TYPE_URL if self.delta else _TYPE_URL, type_url.encode())
        if not self.delta:
            return delimited(_VERSION, held.get("", "").encode()) + self._named(type_url) + kind
        entries = (
            delimited(1, name.encode()) + delimited(2, version.encode())
            for name, version in held.items()
        )
        return kind + self._named(type_url) + _joined(_INITIAL_VERSIONS, entries)

    def _ack_body(self, type_url: str, version: bytes) -> bytes:
        if self.delta:
            return delimited(_DELTA_TYPE_URL, type_url.encode())
        # As in Envoy, every request of a state-of-the-world client repeats its subscription.
        kind = delimited(_TYPE_URL, type_url.encode())
        return delimited(_VERSION, version) + self._named(type_url) + kind

    def _named(self, type_url: str) -> bytes:
        names = self._part.names.get(type_url, ())
        return _joined(_SUBSCRIBE if self.delta else _NAMES, (name.encode() for name in names))


def _node(part: Part) -> bytes:
    extension = delimited(9, delimited(1, b"envoy.filters.http.bench") + delimited(2, b"x" * 14))
    who = delimited(1, part.node.encode()) + delimited(6, b"bench") + delimited(7, b"1")
    return who + extension * part.extensions


def _joined(number: int, parts: Iterable[bytes]) -> bytes:
    return b"".join(delimited(number, part) for part in parts)
