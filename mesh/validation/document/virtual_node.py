"""Rules of a virtual node."""

from collections.abc import Iterator

from mesh.problems.problem import Problem
from mesh.spec.virtual_node import Backend, Listener, VirtualNodeSpec
from mesh.validation.document.access_log import access_log
from mesh.validation.document.listener import (
    health_check,
    listener_timeout,
    outlier_detection,
    pool,
    ports,
)
from mesh.validation.document.place import Place
from mesh.validation.document.text import host
from mesh.validation.document.tls import backend_defaults, client_policy, listener_tls


def virtual_node(spec: VirtualNodeSpec, at: Place) -> Iterator[Problem]:
    """Return the problems of a virtual node."""
    listeners = spec.listeners or ()
    if listeners and spec.service_discovery is None:
        message = "a node with listeners needs serviceDiscovery, so that callers can find it"
        yield (at / "listeners").error(
            "missing-service-discovery", message, "add serviceDiscovery: {dns: {hostname: …}}"
        )
    yield from ports((listener.port_mapping for listener in listeners), at / "listeners")
    for index, listener in enumerate(listeners):
        yield from _listener(listener, at / "listeners" / index)
    if spec.service_discovery is not None and spec.service_discovery.dns is not None:
        hostname = at / "serviceDiscovery" / "dns" / "hostname"
        yield from host(spec.service_discovery.dns.hostname, hostname)
    yield from _backends(spec.backends or (), at / "backends")
    yield from backend_defaults(spec.backend_defaults, at / "backendDefaults")
    yield from access_log(spec.logging, at / "logging")


def _listener(listener: Listener, at: Place) -> Iterator[Problem]:
    mapping = listener.port_mapping
    yield from pool(listener.connection_pool, mapping, at / "connectionPool")
    yield from listener_timeout(listener.timeout, mapping, at / "timeout")
    yield from health_check(listener.health_check, mapping, at / "healthCheck")
    yield from outlier_detection(listener.outlier_detection, at / "outlierDetection")
    yield from listener_tls(listener.tls, at / "tls")


def _backends(backends: tuple[Backend, ...], at: Place) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, backend in enumerate(backends):
        service = backend.virtual_service
        if service is None:
            continue
        here = at / index / "virtualService"
        name = service.virtual_service_name
        if not name:
            message = "the name of a virtual service cannot be empty"
            yield (here / "virtualServiceName").error("wrong-length", message)
        earlier = first.setdefault(name, index)
        if earlier != index:
            message = f'"{name}" is already backend {earlier}'
            yield (here / "virtualServiceName").error("duplicate-backend", message, "remove one")
        yield from client_policy(service.client_policy, here / "clientPolicy")
