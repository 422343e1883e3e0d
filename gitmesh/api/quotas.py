"""Quotas of the API: how many resources may exist when one more is created. Pure."""

from typing import Final

from gitmesh.api.errors import limit_exceeded
from gitmesh.service.changes.resource_change import Mesh
from mesh.canonical import JsonObject
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


def require_quota(key: ResourceKey, now: Mesh) -> None:
    """Check that there is room for a new resource beside its like.

    :raises ApiError: there are as many as its quota allows.
    """
    most = getattr(now.settings.quotas, _QUOTAS[key.kind])
    if most is None:
        return
    around = (None, key.kind, "") if key.kind is Kind.MESH else (key.mesh, key.kind, key.parent)
    found = sum(_around(each) == around for each in now.graph.resources)
    if found >= most:
        where = f" in {key.parent or key.mesh}" if key.kind is not Kind.MESH else ""
        raise limit_exceeded(
            f"{key.kind} with name {key.name} cannot be created: there are {found}{where}, and the "
            f"quota is {most}"
        )


def require_backends(spec: JsonObject, now: Mesh) -> None:
    """Check that a virtual node has no more backends than its quota allows.

    :raises ApiError: it has.
    """
    most, backends = now.settings.quotas.backends, spec.get("backends")
    if most is not None and isinstance(backends, list) and len(backends) > most:
        raise limit_exceeded(f"the virtual node has {len(backends)} backends; the quota is {most}")


def _around(key: ResourceKey) -> tuple[str | None, Kind, str]:
    return (None if key.kind is Kind.MESH else key.mesh, key.kind, key.parent)
