"""Write calls: the change that a call makes in a mesh, and App Mesh's rules for it.

Messages have the wording of the AWS service where clients or users depend on it.
"""

from typing import Final

from gitmesh.access.caller import Caller
from gitmesh.access.permission import Permission
from gitmesh.access.recent_signatures import RecentSignatures
from gitmesh.api.answers import Account
from gitmesh.api.calls import MOST_TAGS, Call, too_many_tags
from gitmesh.api.errors import ApiError, conflict, in_use, limit_exceeded, not_found
from gitmesh.api.operations import Action
from gitmesh.service.changes.resource_change import Mesh, SpecChanges, Wanted
from gitmesh.service.resources.quotas import QuotaExceeded, require_quotas
from mesh.graph.mesh_graph import MeshGraph
from mesh.graph.references import parent_of
from mesh.keys import Kind, ResourceKey
from mesh.reading.tags import Tags

_MOST_NAMED: Final = 5
_BLOCKING: Final = {
    Kind.MESH: "it still has resources in it",
    Kind.VIRTUAL_NODE: "it is the target of one or more routes, or a VirtualService provider",
    Kind.VIRTUAL_ROUTER: "it has routes, or is a VirtualService provider",
    Kind.VIRTUAL_GATEWAY: "it has gateway routes",
    Kind.VIRTUAL_SERVICE: "it is being referenced in gateway routes",
    Kind.ROUTE: "others refer to it",
    Kind.GATEWAY_ROUTE: "others refer to it",
}


def wanted(
    call: Call, key: ResourceKey, now: Mesh, account: Account, permission: Permission
) -> Wanted:
    """Return the change that a call makes.

    :param key: the resource that the call is about.
    :param permission: the caller's permission, so that errors name only resources that the caller
        may read.
    :raises ApiError: a rule of App Mesh forbids the change.
    """
    graph = now.graph
    match call.operation.action:
        case Action.CREATE:
            _require_above(key, graph, account)
            if key in graph.resources:
                raise conflict(f"{key.kind} with name {key.name} already exists")
            _require_quotas({key: call.spec or {}}, now)
            return Wanted({key: call.spec or {}}, {key: lambda _: call.tags})
        case Action.UPDATE:
            _require(key, graph, account)
            _require_quotas({key: call.spec or {}}, now)
            return Wanted({key: call.spec or {}})
        case Action.DELETE:
            _require(key, graph, account)
            _require_unused(key, graph, permission)
            return Wanted({key: None})
        case Action.TAG:
            _require(key, graph, account)
            return Wanted(tags={key: lambda tags: _tagged(call, tags)})
        case Action.UNTAG:
            _require(key, graph, account)
            gone = set(call.tag_keys)
            return Wanted(tags={key: lambda t: {k: v for k, v in t.items() if k not in gone}})
    raise AssertionError(call.operation.name)  # the others write nothing


def require_fresh(signatures: RecentSignatures, caller: Caller) -> None:
    """Refuse a change by a request that came before: somebody may have overheard it.

    :raises ApiError: it came before.
    """
    signed = caller.signed
    if signed is not None and signatures.is_used_up(caller.identity, signed):
        raise ApiError(
            "InvalidSignatureException",
            403,
            "A request with this signature was received before. Sign the request again.",
        )


def absent(key: ResourceKey, account: Account) -> ApiError:
    """Return the error for a resource that does not exist."""
    owner = f"for account {account.number}"
    if key.kind is Kind.MESH:
        return not_found(f"Mesh with name {key.mesh} is not present {owner}")
    above = f"under mesh {key.mesh}"
    return not_found(f"{key.kind} with name {key.name} is not present {above} {owner}")


def _require(key: ResourceKey, graph: MeshGraph, account: Account) -> None:
    if key not in graph.resources:
        raise absent(key, account)


def _require_quotas(specs: SpecChanges, now: Mesh) -> None:
    try:
        require_quotas(specs, now)
    except QuotaExceeded as error:
        raise limit_exceeded(error.message) from None


def _require_above(key: ResourceKey, graph: MeshGraph, account: Account) -> None:
    """Check that the container of a new resource exists."""
    if key.kind is not Kind.MESH:
        _require(ResourceKey.of_mesh(key.mesh), graph, account)
    parent = parent_of(key)
    if parent is not None and not graph.settings.allow_dangling_references:
        _require(parent, graph, account)


def _require_unused(key: ResourceKey, graph: MeshGraph, permission: Permission) -> None:
    if users := _users(graph, key):
        known = [str(each) for each in users if permission.may_read(each)][:_MOST_NAMED]
        named = ", ".join([*known, "…"] if len(known) < len(users) else known)
        raise in_use(
            f"{key.kind} with name {key.name} cannot be deleted because "
            f"{_BLOCKING[key.kind]}: {named}"
        )


def _users(graph: MeshGraph, key: ResourceKey) -> list[ResourceKey]:
    """Return the resources because of which App Mesh refuses to delete this one.

    Backends of nodes do not count: they may name services that do not exist.
    """
    if key.kind is Kind.MESH:
        return sorted(each for each in graph.resources if each.mesh == key.mesh and each != key)
    inside = (each for each in graph.resources if parent_of(each) == key)
    users = (
        each
        for each in graph.referrers(key)
        if not (key.kind is Kind.VIRTUAL_SERVICE and each.kind is Kind.VIRTUAL_NODE)
    )
    return sorted({*inside, *users})


def _tagged(call: Call, tags: Tags) -> Tags:
    found = {**tags, **call.tags}
    if len(found) > max(MOST_TAGS, len(tags)):
        raise too_many_tags()
    return found
