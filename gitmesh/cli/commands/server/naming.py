"""Resolution of kinds and names as users write them: ``routes``, ``vn``, ``cart/all``."""

from typing import TYPE_CHECKING, Final

from mesh.errors import UsageError
from mesh.keys import Kind, ResourceKey

if TYPE_CHECKING:
    from gitmesh.client.server_api import ServerApi

_SHORT: Final = {
    "vs": Kind.VIRTUAL_SERVICE,
    "vn": Kind.VIRTUAL_NODE,
    "vr": Kind.VIRTUAL_ROUTER,
    "vg": Kind.VIRTUAL_GATEWAY,
    "gr": Kind.GATEWAY_ROUTE,
    "instances": Kind.SERVICE_INSTANCES,
}
ALL: Final = "all"
FORMS: Final = "mesh, service (vs), node (vn), router (vr), route, gateway (vg), gateway-route (gr)"


def kind_named(word: str) -> Kind | None:
    """Return the kind that a word names; ``None`` for ``all``.

    :raises UsageError: the word names no kind.
    """
    from mesh.meaning import kind_of

    plain = word.lower()
    return None if plain == ALL else _SHORT.get(plain) or kind_of(word)


def key_named(api: "ServerApi", kind: Kind | None, name: str, mesh: str | None) -> ResourceKey:
    """Return the key of the resource that a name means: ``cart``, ``cart/all`` for a route, or a
    whole key.

    :raises UsageError: no resource has this name, or several have.
    """
    if name.startswith(("mesh/", "arn:")):
        return ResourceKey.parse(name)
    if kind is None:
        raise UsageError(f"{name!r} of which kind?", hint=f"write a kind: {FORMS}")
    query = {"kind": kind.value, "mesh": mesh}
    keys = [
        ResourceKey.parse(each["resource"])
        for page in api.resources(query)
        for each in page["resources"]
    ]
    found = [key for key in keys if name in (key.name, f"{key.parent}/{key.name}")]
    if len(found) == 1:
        return found[0]
    if found:
        one = found[0]
        path = f"{one.parent}/{one.name}" if one.parent else one.name
        raise UsageError(
            f"{len(found)} {kind}s are named {name!r}",
            hint=f"say which: {path} --mesh {one.mesh}, or {one}",
        )
    near = [key.name for key in keys]
    raise UsageError(f"there is no {kind} {name!r}", hint=_known(near))


def _known(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"there are: {shown}{', …' if len(names) > 5 else ''}" if names else "there are none"
