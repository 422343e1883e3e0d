"""Other values for a field, to see whether the proxy's configuration changes with it."""

import copy
from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import ValidationError

from mesh.canonical import Json, JsonObject
from mesh.linking import link, with_settings
from mesh.resource import Resource, spec_from_json, spec_json
from tests.coverage.fields import fields_of
from tests.support.golden import GoldenCase
from xds.translate import translate
from xds.wire.encode import encode

_TEXTS: Final = (
    *("ms", "s", "other", "other.shop.local", "http", "http2", "grpc", "tcp", "POST"),
    *("ENDPOINTS", "DISABLED", "ENABLED", "PERMISSIVE", "ALLOW_ALL", "DROP_ALL"),
    *("IPv4_ONLY", "IPv6_ONLY", "client-error", "unavailable", "internal", "/other/"),
)
"""Among these is another value for every text that a field can have."""


def acts(field: str, case: GoldenCase) -> bool:
    """True if some other value of a field, or none, gives the proxy of a case something else."""
    before = _sent(case, case.graph.resources.values())
    return any(_sent(case, others) != before for others in _changed(field, case))


def _sent(case: GoldenCase, resources: Iterable[Resource]) -> dict[str, list[bytes]]:
    graph = with_settings(link(resources), case.graph.settings)
    found = translate(graph, case.proxy)
    return {str(url): [encode(message) for message in each] for url, each in found.items()}


def _changed(field: str, case: GoldenCase) -> Iterator[list[Resource]]:
    path = field.split(".")[1:]
    resources = dict(case.graph.resources)
    for key, resource in resources.items():
        if field not in fields_of(resource):
            continue
        for spec in _specs(spec_json(resource.spec), path):
            try:
                changed = Resource(key, spec_from_json(key, spec), resource.source)
            except ValidationError:
                continue
            yield [*({**resources, key: changed}).values()]


def _specs(spec: JsonObject, path: list[str]) -> Iterator[JsonObject]:
    """Yield specs in which one occurrence of a field has another value, or is not there."""
    for index in range(len(list(_holders(spec, path)))):
        other = copy.deepcopy(spec)
        del list(_holders(other, path))[index][path[-1]]
        yield other
        value = list(_holders(spec, path))[index][path[-1]]
        for new in _other_values(value):
            other = copy.deepcopy(spec)
            list(_holders(other, path))[index][path[-1]] = new
            yield other


def _holders(value: Json, path: list[str]) -> Iterator[JsonObject]:
    if isinstance(value, list):
        for each in value:
            yield from _holders(each, path)
    elif isinstance(value, dict) and path[0] in value:
        if len(path) == 1:
            yield value
        else:
            yield from _holders(value[path[0]], path[1:])


def _other_values(value: Json) -> Iterator[Json]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case str():
            yield from (text for text in _TEXTS if text != value)
        case [first, *rest]:
            yield from ([new, *rest] for new in _other_values(first))
