"""Quotas: how many resources may exist when a caller creates more. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

from gitmesh.service.changes.resource_change import Mesh, SpecChanges
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey

_QUOTAS: Final = {
    Kind.MESH: "meshes",
    Kind.VIRTUAL_SERVICE: "virtual_services",
    Kind.VIRTUAL_NODE: "virtual_nodes",
    Kind.VIRTUAL_ROUTER: "virtual_routers",
    Kind.VIRTUAL_GATEWAY: "virtual_gateways",
    Kind.ROUTE: "routes",
    Kind.GATEWAY_ROUTE: "gateway_routes",
}
_Around: TypeAlias = tuple[str, Kind, str]
"""Scope of a quota: mesh, kind and parent."""


class QuotaExceeded(UsageError):
    """A change would make more of something than a quota allows."""


def require_quotas(specs: SpecChanges, now: Mesh) -> None:
    """Check that there is room for new resources beside their like, and for backends.

    What is beyond a quota already, by a push, may stay.

    :raises QuotaExceeded: there would be more than a quota allows.
    """
    new = [key for key in specs if specs[key] is not None and key not in now.graph.resources]
    for key in new:
        _require_room(key, new, specs, now)
    for key, spec in specs.items():
        if key.kind is Kind.VIRTUAL_NODE and spec is not None:
            _require_backends(key, spec, now)


def _require_room(
    key: ResourceKey, new: Iterable[ResourceKey], specs: SpecChanges, now: Mesh
) -> None:
    most = getattr(now.settings.quotas, _QUOTAS.get(key.kind, ""), None)
    if most is None:
        return
    around = _around(key)
    present = Counter(map(_around, now.graph.resources))[around]
    gone = sum(
        spec is None and each in now.graph.resources and _around(each) == around
        for each, spec in specs.items()
    )
    added = sum(_around(each) == around for each in new)
    if present - gone + added > most and added > gone:
        where = f" in {key.parent or key.mesh}" if key.kind is not Kind.MESH else ""
        beside = f" and {added - 1} more would come" if added > 1 else ""
        raise QuotaExceeded(
            f"{key.kind} with name {key.name} cannot be created: there are {present}{where}"
            f"{beside}, and the quota is {most}",
            hint="quotas are in gitmesh.yaml",
        )


def _require_backends(key: ResourceKey, spec: JsonObject, now: Mesh) -> None:
    most, backends = now.settings.quotas.backends, spec.get("backends")
    if most is not None and isinstance(backends, list) and len(backends) > most:
        present = now.graph.get(key)
        if present is None or len(getattr(present.spec, "backends", ())) < len(backends):
            raise QuotaExceeded(
                f"the virtual node {key.name} has {len(backends)} backends; the quota is {most}",
                hint="quotas are in gitmesh.yaml",
            )


def _around(key: ResourceKey) -> _Around:
    return ("" if key.kind is Kind.MESH else key.mesh, key.kind, key.parent)
