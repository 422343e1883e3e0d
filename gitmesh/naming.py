"""Resources as people name them: by the whole name, or, by mistake, by the end of one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from mesh.errors import UsageError
from mesh.keys import ResourceKey
from xds.nodes import ProxyIdentity, parse_identity

_SHOWN: Final = 3


def resource_of(text: str, known: Callable[[], Iterable[ResourceKey]]) -> ResourceKey:
    """Return the resource that has this name; ``known`` is asked for what may be meant otherwise.

    :raises UsageError: it is no whole name. The hint says which names end like it.
    """
    try:
        return ResourceKey.parse(text)
    except UsageError as error:
        end = f"/{text.lower()}"
        meant = sorted(name for name in map(str, known()) if name.lower().endswith(end))
        if not meant:
            raise
        hint = f"did you mean {' or '.join(meant[:_SHOWN])}?"
        raise UsageError(error.message, hint=hint) from None


def identity_of(
    node: str, metadata: Mapping[str, str], known: Callable[[], Iterable[ResourceKey]]
) -> ProxyIdentity:
    """Return who a proxy with this ``node.id`` is.

    :raises UsageError: it is nobody. The hint says who may be meant.
    """
    try:
        return parse_identity(node, metadata)
    except UsageError:
        resource_of(node, known)
        raise
