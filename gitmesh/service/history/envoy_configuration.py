"""Use case of ``gitmesh state --as envoy``: the configuration of a proxy at a moment."""

from collections.abc import Mapping

from gitmesh.queries.logged_mesh import logged_mesh
from gitmesh.queries.resource_name import identity_of
from gitmesh.service.history.served_state import ServedState
from mesh.canonical import JsonObject
from mesh.errors import UsageError
from xds.translate import translate
from xds.translate.readable import dump


def envoy_configuration(
    served: ServedState, node: str, metadata: Mapping[str, str]
) -> dict[str, list[JsonObject]]:
    """Return the Envoy configuration of a proxy with this ``node.id``, with Envoy's field names.

    :raises UsageError: no mesh was served at that moment, or ``node`` is not a ``node.id``.
    """
    if served.is_empty:
        raise UsageError("no mesh was served then", hint=served.begins)
    state = served.state
    identity = identity_of(node, metadata, lambda: state.resources)
    return dump(translate(logged_mesh(state), identity))
