"""Specs as the API's preview of 2018 had them, and Terraform's provider before 2.3 with it."""

from collections.abc import Iterator

from mesh.canonical import Json, JsonObject, as_object
from mesh.problem import Problem, Severity
from mesh.resource import Source, Steps


def modernised(spec: Json, source: Source) -> Iterator[Problem]:
    """Put what the preview said into today's words, in place, and yield a warning for each."""
    if not isinstance(spec, dict):
        return
    backends = spec.get("backends")
    if isinstance(backends, list) and backends and all(isinstance(b, str) for b in backends):
        wrapped: list[Json] = [{"virtualService": {"virtualServiceName": b}} for b in backends]
        spec["backends"] = wrapped
        yield _said(source, ("spec", "backends"), "names as backends are virtual services now")
    dns = as_object(as_object(spec.get("serviceDiscovery")).get("dns"))
    if _renames(dns):
        dns["hostname"] = dns.pop("serviceName")
        place: Steps = ("spec", "serviceDiscovery", "dns")
        yield _said(source, place, "serviceName of dns is hostname now")


def _renames(dns: JsonObject) -> bool:
    return isinstance(dns.get("serviceName"), str) and "hostname" not in dns


def _said(source: Source, steps: Steps, message: str) -> Problem:
    message = f"written for the preview of App Mesh: {message}"
    return source.problem(steps, "import-preview", message, severity=Severity.WARNING)
