"""Specs in the form of the API's 2018 preview, which Terraform's provider used before 2.3."""

from collections.abc import Iterator
from dataclasses import replace

from mesh.canonical import Json, JsonObject, as_object
from mesh.keys import Kind
from mesh.parsing.document import Document
from mesh.problems.problem import Problem, Severity
from mesh.reading.forms import ResourceReading
from mesh.reading.native import NATIVE
from mesh.resource import Resource, Source, Steps


def modernised(spec: Json, source: Source) -> Iterator[Problem]:
    """Convert preview fields to current ones in place; yield a warning for each."""
    if not isinstance(spec, dict):
        return
    backends = spec.get("backends")
    if isinstance(backends, list) and backends and all(isinstance(b, str) for b in backends):
        wrapped: list[Json] = [{"virtualService": {"virtualServiceName": b}} for b in backends]
        spec["backends"] = wrapped
        yield _said(
            source, ("spec", "backends"), "backends that are names are virtual services now"
        )
    dns = as_object(as_object(spec.get("serviceDiscovery")).get("dns"))
    if _renames(dns):
        dns["hostname"] = dns.pop("serviceName")
        place: Steps = ("spec", "serviceDiscovery", "dns")
        yield _said(source, place, "serviceName of dns is hostname now")
    if _names_services(spec):
        place = ("spec", "serviceNames")
        yield _said(source, place, "each of a router's serviceNames is a virtual service now")


def services_of(spec: Json) -> list[str]:
    """Remove and return the service names that a preview router's spec provided."""
    if not isinstance(spec, dict) or not _names_services(spec):
        return []
    return _texts(spec.pop("serviceNames"))


def with_services(reading: ResourceReading, services: list[str]) -> ResourceReading:
    """Add the virtual services that a preview router provided."""
    routers = [r for r in reading.resources if r.key.kind is Kind.VIRTUAL_ROUTER]
    found = [_service(router, name) for router in routers for name in services]
    return replace(
        reading,
        resources=(*reading.resources, *(r for each in found for r in each.resources)),
        problems=(*reading.problems, *(p for each in found for p in each.problems)),
    )


def _service(router: Resource, name: str) -> ResourceReading:
    provider: JsonObject = {"virtualRouter": {"virtualRouterName": router.key.name}}
    body: JsonObject = {
        "kind": Kind.VIRTUAL_SERVICE.value,
        "meshName": router.key.mesh,
        "virtualServiceName": name,
        "spec": {"provider": provider},
    }
    return NATIVE.read(Document(body, router.source))


def _names_services(spec: JsonObject) -> bool:
    names = spec.get("serviceNames")
    return isinstance(names, list) and len(_texts(names)) == len(names)


def _texts(value: Json) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []


def _renames(dns: JsonObject) -> bool:
    return isinstance(dns.get("serviceName"), str) and "hostname" not in dns


def _said(source: Source, steps: Steps, message: str) -> Problem:
    message = f"written for the preview of App Mesh: {message}"
    return source.problem(steps, "import-preview", message, severity=Severity.WARNING)
