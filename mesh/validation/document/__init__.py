"""Rules for a single document, beyond the field types of the API.

App Mesh enforced these rules when a resource was created (User Guide, API texts, the controller's
webhooks). A few come from Envoy, which would otherwise refuse the configuration.
"""

import re
from collections.abc import Iterator
from typing import Final, assert_never

from mesh.problems.problem import Problem
from mesh.resource import Resource
from mesh.spec import (
    GatewayRouteSpec,
    MeshSpec,
    RouteSpec,
    ServiceInstancesSpec,
    VirtualGatewaySpec,
    VirtualNodeSpec,
    VirtualRouterSpec,
    VirtualServiceSpec,
)
from mesh.validation.document.gateway_route import gateway_route
from mesh.validation.document.listener import ports
from mesh.validation.document.place import Place
from mesh.validation.document.route import route
from mesh.validation.document.service_instances import service_instances
from mesh.validation.document.virtual_gateway import virtual_gateway
from mesh.validation.document.virtual_node import virtual_node

__all__ = ["check"]

_UNHOSTLY: Final = re.compile(r"[\s/:*?#@\[\]]")
"""Characters that Envoy refuses in a virtual host's domain, or reads as a wildcard or a port."""


def check(resource: Resource) -> list[Problem]:
    """Return the problems of a resource by itself, unsorted."""
    return list(_check(resource))


def _check(resource: Resource) -> Iterator[Problem]:
    spec, at = resource.spec, Place(resource.source, ("spec",))
    match spec:
        case RouteSpec():
            yield from route(spec, at)
        case VirtualNodeSpec():
            yield from virtual_node(spec, at)
        case GatewayRouteSpec():
            yield from gateway_route(spec, at)
        case VirtualGatewaySpec():
            yield from virtual_gateway(spec, at)
        case _:
            yield from _check_small(resource, spec, at)


def _check_small(
    resource: Resource,
    spec: MeshSpec | VirtualRouterSpec | VirtualServiceSpec | ServiceInstancesSpec,
    at: Place,
) -> Iterator[Problem]:
    match spec:
        case VirtualRouterSpec():
            mappings = [listener.port_mapping for listener in spec.listeners or ()]
            yield from ports(mappings, at / "listeners")
        case VirtualServiceSpec():
            yield from _service_name(resource)
        case ServiceInstancesSpec():
            yield from service_instances(spec, at)
        case MeshSpec():
            pass
        case _:
            assert_never(spec)


def _service_name(resource: Resource) -> Iterator[Problem]:
    # Applications call a virtual service by its name, which becomes a virtual host domain.
    found = _UNHOSTLY.search(resource.key.name)
    if found:
        message = f"{resource.key.name!r} is not a host name that an application could call"
        place = Place(resource.source, (resource.key.kind.name_field,))
        yield place.error("bad-hostname", message, f"remove {found.group()!r}")
