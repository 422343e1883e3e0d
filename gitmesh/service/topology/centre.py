"""Resolve the resource that a picture is about, from its full name or a part of it."""

from gitmesh.topology.model import Topology
from gitmesh.topology.neighbourhood import vertex_of
from gitmesh.topology.search import found
from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from mesh.problems.suggestion import did_you_mean

_SHOWN = 3


def centre_named(whole: Topology, text: str, kind: Kind | None = None) -> ResourceKey:
    """Return the resource with this name: in full, or the only one with it.

    ``cart`` is the virtual service ``cart.shop.internal`` if nothing has that name, and nothing
    else begins so.

    :param kind: the only kind that is meant.
    :raises UsageError: there is none, or there are several.
    """
    if (key := _full(text)) is not None and _is_drawn(whole, key):
        return key
    fitting = [key for key in found(whole, text, most=len(whole.vertices)) if _fits(key, kind)]
    exact = [key for key in fitting if key.name == text]
    starting = [key for key in fitting if key.name.startswith(text)]
    for keys in (exact, starting, fitting):
        if len(keys) == 1:
            return keys[0]
        if keys:
            raise _several(text, keys)
    names = (each.key.name for each in whole.vertices if _fits(each.key, kind))
    what = "resource" if kind is None else kind.value
    raise UsageError(
        f"there is no {what} {text!r} in the mesh",
        hint=did_you_mean(text, names) or "see: gitmesh graph -o text",
    )


def _full(text: str) -> ResourceKey | None:
    try:
        return ResourceKey.parse(text)
    except UsageError:
        return None


def _is_drawn(whole: Topology, key: ResourceKey) -> bool:
    if key.kind is Kind.MESH:
        return key.mesh in whole.meshes
    return vertex_of(key, whole) is not None


def _fits(key: ResourceKey, kind: Kind | None) -> bool:
    return kind is None or key.kind is kind


def _several(text: str, keys: list[ResourceKey]) -> UsageError:
    shown = " or ".join(map(str, keys[:_SHOWN]))
    return UsageError(f"{text!r} fits {len(keys)} resources", hint=f"write {shown}")
