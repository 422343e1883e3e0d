"""Domains of Envoy's virtual hosts: each ``Host`` header value belongs to at most one virtual
service."""

from collections.abc import Mapping, Sequence


def domains_of(services: Sequence[tuple[str, int]]) -> Mapping[str, tuple[str, ...]]:
    """Return the domains of each ``(service, port)``: the name, and the name with the port.

    Envoy compares domains without regard to case and rejects a route configuration with a
    duplicate. If two services want the same domain, the one with that exact name gets it, else the
    first by name. Envoy reads ``*`` at either end as a wildcard, which App Mesh never did: a
    service with such a name would receive the traffic of other services. It therefore gets no
    domain. The result has an empty list for a service without a domain.
    """
    names = sorted({name for name, _ in services})
    owner: dict[str, str] = {}
    for name in names:
        if not name.startswith("*") and not name.endswith("*"):
            owner.setdefault(name.lower(), name)
    for name, port in sorted(services):
        if owner.get(name.lower()) == name:
            owner.setdefault(f"{name}:{port}".lower(), name)
    return {
        name: tuple(
            domain
            for domain in (name, *(f"{name}:{port}" for each, port in services if each == name))
            if owner.get(domain.lower()) == name
        )
        for name in names
    }
