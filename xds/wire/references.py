"""References from a serialised Envoy resource to other resources.

They are read from the bytes that are sent, so checks see what the proxy sees. Paths are field
numbers of the Envoy API; tests compare them with the generated messages.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, Union

from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, TypeUrl
from xds.wire.fields import fields
from xds.wire.varint import LENGTH

Reference: TypeAlias = tuple[TypeUrl, str]

_Tree: TypeAlias = Mapping[int, Union["_Tree", TypeUrl, "_Typed"]]


class _Typed(dict[str, _Tree]):
    """A ``google.protobuf.Any``, whose content depends on its type."""


_WEIGHTED: Final[_Tree] = {1: {1: CLUSTER}}  # clusters.name
_ROUTE_ACTION: Final[_Tree] = {1: CLUSTER, 3: _WEIGHTED, 30: {1: CLUSTER}}  # …mirror_policies
_ROUTES: Final[_Tree] = {2: {3: {2: _ROUTE_ACTION}}}  # virtual_hosts.routes.route
_FILTER: Final = _Typed(
    {
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": {
            3: {2: ROUTE},  # rds.route_config_name
            4: _ROUTES,  # route_config
        },
        "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": {2: CLUSTER, 10: _WEIGHTED},
    }
)
_CHAIN: Final[_Tree] = {3: {4: _FILTER}}  # filters.typed_config
_TREES: Final[Mapping[TypeUrl, _Tree]] = {
    # filter_chains, default_filter_chain, api_listener.api_listener
    LISTENER: {3: _CHAIN, 25: _CHAIN, 19: {1: _FILTER}},
    ROUTE: _ROUTES,
}
_EDS: Final = 3
"""``Cluster.DiscoveryType.EDS``."""


def references(type_url: TypeUrl, message: bytes) -> frozenset[Reference]:
    """Return the resources that a resource requires.

    :raises DecodeError: the message is not protobuf.
    """
    if type_url == CLUSTER:
        return _of_cluster(message)
    tree = _TREES.get(type_url)
    return frozenset(_walk(message, tree)) if tree is not None else frozenset()


def _walk(data: bytes, tree: _Tree) -> Iterator[Reference]:
    for key, a, b in fields(data):
        branch = tree.get(key >> 3) if key & 7 == LENGTH else None
        if branch is None:
            continue
        if isinstance(branch, str):
            yield branch, str(data[a:b], "utf-8")
        elif isinstance(branch, _Typed):
            yield from _walk_typed(data[a:b], branch)
        else:
            yield from _walk(data[a:b], branch)


def _walk_typed(data: bytes, trees: _Typed) -> Iterator[Reference]:
    name, value = "", b""
    for key, a, b in fields(data):
        if key == 1 << 3 | LENGTH:
            name = str(data[a:b], "utf-8").rpartition("/")[2]
        elif key == 2 << 3 | LENGTH:
            value = data[a:b]
    if name in trees:
        yield from _walk(value, trees[name])


def _of_cluster(data: bytes) -> frozenset[Reference]:
    name = service_name = ""
    discovery = 0
    for key, a, b in fields(data):
        if key == 1 << 3 | LENGTH:
            name = str(data[a:b], "utf-8")
        elif key == 2 << 3:
            discovery = a
        elif key == 3 << 3 | LENGTH:
            for inner, c, d in fields(data, a, b):
                if inner == 2 << 3 | LENGTH:
                    service_name = str(data[c:d], "utf-8")
    return frozenset({(ENDPOINT, service_name or name)}) if discovery == _EDS else frozenset()
