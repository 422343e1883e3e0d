"""Rules of a virtual gateway."""

from collections.abc import Iterator
from typing import Final

from mesh.problems.problem import Problem
from mesh.spec.virtual_gateway import VirtualGatewayListener, VirtualGatewaySpec
from mesh.validation.document.access_log import access_log
from mesh.validation.document.listener import health_check, pool, ports
from mesh.validation.document.place import Place
from mesh.validation.document.tls import backend_defaults, listener_tls

_EGRESS_PORT: Final = 15001
"""Port of the egress listener inside a gateway's proxy."""


def virtual_gateway(spec: VirtualGatewaySpec, at: Place) -> Iterator[Problem]:
    """Return the problems of a virtual gateway."""
    yield from ports((each.port_mapping for each in spec.listeners), at / "listeners")
    for index, listener in enumerate(spec.listeners):
        yield from _listener(listener, at / "listeners" / index)
    yield from backend_defaults(spec.backend_defaults, at / "backendDefaults")
    yield from access_log(spec.logging, at / "logging")


def _listener(listener: VirtualGatewayListener, at: Place) -> Iterator[Problem]:
    mapping = listener.port_mapping
    if mapping.port == _EGRESS_PORT:
        message = f"the gateway's own proxy uses port {_EGRESS_PORT} internally"
        yield (at / "portMapping" / "port").error("reserved-port", message, "use another port")
    yield from pool(listener.connection_pool, mapping, at / "connectionPool")
    yield from health_check(listener.health_check, mapping, at / "healthCheck")
    if listener.health_check is not None:
        message = "healthCheck has no effect: no proxy is a client of a virtual gateway"
        hint = "let the load balancer in front of the gateway check it"
        yield (at / "healthCheck").warning("no-effect", message, hint)
    yield from listener_tls(listener.tls, at / "tls")
