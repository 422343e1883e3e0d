"""Addresses of pages about a resource or a commit. Pure."""

from urllib.parse import quote, urlencode

from mesh.keys import ResourceKey


def resource_path(key: ResourceKey, tab: str = "") -> str:
    """Return the address of a resource's page."""
    return f"/resource/{_name(key)}" + (f"?tab={tab}" if tab else "")


def edit_path(key: ResourceKey) -> str:
    """Return the address of the page that edits a resource."""
    return f"/edit/{_name(key)}"


def new_resource_path(kind: str = "", mesh: str = "", parent: str = "") -> str:
    """Return the address of the page that creates a resource, with what is known of it."""
    known = {"kind": kind, "mesh": mesh, "parent": parent}
    query = urlencode({name: text for name, text in known.items() if text})
    return f"/new/resource?{query}" if query else "/new/resource"


def delete_path(key: ResourceKey) -> str:
    """Return the address of the page that asks whether to delete a resource."""
    return f"/delete/{_name(key)}"


def shift_path(key: ResourceKey) -> str:
    """Return the address of the review of new weights of a route."""
    return f"/shift/{_name(key)}"


def traffic_path(key: ResourceKey) -> str:
    """Return the address of a virtual service's traffic."""
    return f"/traffic/{_name(key)}"


def topology_path(key: ResourceKey, at: str = "") -> str:
    """Return the address of the picture around a resource; at a moment, if one is given."""
    asked = {"around": str(key), **({"at": at} if at else {})}
    return f"/topology?{urlencode(asked, safe='/')}"


def topology_changes_path(before: str, after: str) -> str:
    """Return the address of the picture of what changed between two moments."""
    return f"/topology?{urlencode({'detail': 'changes', 'at': after, 'diff': before})}"


def commit_path(commit: str) -> str:
    """Return the address of a commit's page, which follows it until all proxies have it."""
    return f"/commit/{quote(commit, safe='')}"


def created_path(commit: str, nodes: tuple[str, ...]) -> str:
    """Return the address of the page that shows how new nodes start."""
    return f"/created/{quote(commit, safe='')}?{urlencode({'nodes': ' '.join(nodes)})}"


def undo_path(commit: str) -> str:
    """Return the address of the page that shows what undoing a commit would change."""
    return f"/undo/{quote(commit, safe='')}"


def compare_path(before: str, after: str = "") -> str:
    """Return the address of the comparison of two moments; with now without a second."""
    moments = {"before": before, "after": after} if after else {"before": before}
    return f"/compare?{urlencode(moments)}"


def state_path(at: str) -> str:
    """Return the address of the mesh at a moment."""
    return f"/state?{urlencode({'at': at})}"


def pin_path(commit: str) -> str:
    """Return the address of the page that pins a commit."""
    return f"/pin?{urlencode({'commit': commit})}"


def _name(key: ResourceKey) -> str:
    return quote(str(key), safe="/%._@:*+~-")
