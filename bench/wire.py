"""Benchmark of our encoder against the library's, on the resources of a node's proxy."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial

from bench.figures import Figure
from bench.town import node_id
from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.resource import Resource, spec_from_json
from xds.nodes import parse_identity
from xds.translate import translate
from xds.type_urls import CLUSTER, ROUTE
from xds.wire.encode import encode


def figures() -> Iterator[Figure]:
    """Measure one cluster and one route configuration with both encoders."""
    translation = translate(link(_mesh()), parse_identity(node_id(0), {}))
    for type_url, what in ((CLUSTER, "a cluster"), (ROUTE, "a route configuration")):
        message = max(translation[type_url], key=lambda each: len(encode(each)))
        ours = _seconds(partial(encode, message), 2000)
        library = _seconds(partial(bytes, message), 50)
        yield Figure(f"{what} of {len(encode(message)):,} bytes to bytes", ours * 1e6, "µs")
        yield Figure("  the library against ours", library / ours, "times", "> 10")


def _seconds(work: Callable[[], bytes], times: int) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - started) / times)
    return best


def _mesh() -> Iterator[Resource]:
    def resource(kind: Kind, name: str, body: str, parent: str = "") -> Resource:
        key = ResourceKey.of(kind, "town", name, parent)
        return Resource(key, spec_from_json(key, json.loads(body)))

    yield Resource(ResourceKey.of_mesh("town"), spec_from_json(ResourceKey.of_mesh("town"), {}))
    http = '"listeners": [{"portMapping": {"port": 8080, "protocol": "http"}}]'
    for n in range(11):
        dns = f'"serviceDiscovery": {{"dns": {{"hostname": "s{n}.internal"}}}}'
        backends = ",".join(
            f'{{"virtualService": {{"virtualServiceName": "s{i}.town.internal"}}}}'
            for i in range(1, 11)
            if n == 0
        )
        body = f'{{{http}, {dns}, "backends": [{backends}]}}'
        yield resource(Kind.VIRTUAL_NODE, f"s{n}-v1", body)
        yield resource(Kind.VIRTUAL_ROUTER, f"s{n}", f"{{{http}}}")
        route = (
            '{"httpRoute": {"match": {"prefix": "/"}, "action": {"weightedTargets": '
            f'[{{"virtualNode": "s{n}-v1", "weight": 1}}]}}}}}}'
        )
        yield resource(Kind.ROUTE, "all", route, f"s{n}")
        provider = f'{{"provider": {{"virtualRouter": {{"virtualRouterName": "s{n}"}}}}}}'
        yield resource(Kind.VIRTUAL_SERVICE, f"s{n}.town.internal", provider)
