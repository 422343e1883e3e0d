"""Domains of virtual hosts: which ``Host`` means which virtual service, never two at once."""

from collections.abc import Mapping, Sequence


def domains_of(services: Sequence[tuple[str, int]]) -> Mapping[str, tuple[str, ...]]:
    """Return for each ``(service, port)`` its domains: the name, and the name with the port.

    Envoy compares domains without regard to case and rejects a route configuration in which one
    occurs twice, so of two services that want a domain one gets it: the one with that very name,
    then the first by name. It reads ``*`` at either end as a wildcard; App Mesh never did, and such
    a service would take the traffic of others, so it has no domain. One may be left with none.
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
