"""Resolution of resource names, with suggestions for incomplete ones."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Final

from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey
from mesh.problems.suggestion import nearest
from xds.nodes import ProxyIdentity, parse_identity

_SHOWN: Final = 3


def resource_of(text: str, known: Callable[[], Iterable[ResourceKey]]) -> ResourceKey:
    """Return the resource with this name; ``known`` provides suggestions.

    :raises UsageError: the text is not a full name. The hint lists names that end with it.
    """
    try:
        return ResourceKey.parse(text)
    except UsageError as error:
        if hint := _ending_so(text, known()):
            raise UsageError(error.message, hint=hint) from None
        raise


def _ending_so(text: str, known: Iterable[ResourceKey]) -> str:
    """Return a hint with the known names that end with a text; empty if there are none."""
    end = f"/{text.lower()}"
    meant = sorted(name for name in map(str, known) if name.lower().endswith(end))
    return f"did you mean {' or '.join(meant[:_SHOWN])}?" if meant else ""


def nearest_resource(key: ResourceKey, known: Iterable[ResourceKey]) -> ResourceKey | None:
    """Return the resource that an unknown name most likely means, if one is similar."""
    found = sorted(known)
    near = nearest(key.name, (each.name for each in found if each.kind is key.kind))
    same = (each for each in found if each.name == key.name)
    like = (each for each in found if each.kind is key.kind and each.name == near)
    return next(chain(same, like), None)


def no_resource(key: ResourceKey, known: Iterable[ResourceKey], where: str) -> UsageError:
    """Return the error for a resource that does not exist, with similar names."""
    meant = nearest_resource(key, known)
    hint = f'did you mean "{meant}"? ' if meant else ""
    return UsageError(f"there is no {key} {where}", hint=f"{hint}see: gitmesh state")


def identity_of(
    node: str, metadata: Mapping[str, str], known: Callable[[], Iterable[ResourceKey]]
) -> ProxyIdentity:
    """Return the identity of a proxy with this ``node.id``.

    :raises UsageError: the ``node.id`` is invalid; the hint has suggestions.
    """
    try:
        return parse_identity(node, metadata)
    except UsageError as error:
        if hint := _ending_so(node, filter(_runs_proxies, known())):
            raise UsageError(error.message, hint=hint) from None
        raise


def _runs_proxies(key: ResourceKey) -> bool:
    return key.kind in (Kind.VIRTUAL_NODE, Kind.VIRTUAL_GATEWAY)
