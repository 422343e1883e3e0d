"""Translation of the linked mesh to the Envoy resources of one proxy. Pure and deterministic."""

from difflib import get_close_matches

from mesh.errors import UsageError
from mesh.keys import ResourceKey
from mesh.linking import MeshGraph
from mesh.problems.problem import Problem
from mesh.spec import VirtualGatewaySpec, VirtualNodeSpec
from xds.nodes import Client, ProxyIdentity
from xds.plain import plain_messages

# Everything that imports Envoy's messages is in this package, so this runs before.
with plain_messages():
    from xds.translate.gateway.gateway import translate_gateway
    from xds.translate.node.node import translate_node
    from xds.translate.proxyless import translate_proxyless
    from xds.translate.proxyless.limits import client_limits
    from xds.translate.resources import Translation
    from xds.translate.tls.acm import mapped_gateway, mapped_node

__all__ = ["Translation", "limits", "translate"]


def translate(graph: MeshGraph, proxy: ProxyIdentity) -> Translation:
    """Return the resources of a proxy, or of a gRPC client, by type, each type sorted by name.

    The result depends only on the resources that the proxy depends on
    (:meth:`MeshGraph.dependents`), so equal meshes give equal messages. Parts of an invalid mesh
    that cannot be resolved are left out.

    :raises UsageError: the mesh has no such virtual node or gateway.
    """
    resource = graph.get(proxy.key)
    match resource.spec if resource is not None else None:
        case VirtualNodeSpec() as spec if proxy.client is Client.GRPC:
            return translate_proxyless(graph, proxy, mapped_node(spec, graph.settings)).sorted()
        case VirtualNodeSpec() as spec:
            return translate_node(graph, proxy, mapped_node(spec, graph.settings))
        case VirtualGatewaySpec() as spec:
            mapped = mapped_gateway(spec, graph.settings)
            return translate_gateway(graph, proxy, mapped).sorted()
        case _:
            raise _unknown(graph, proxy.key)


def limits(graph: MeshGraph, proxy: ProxyIdentity) -> tuple[Problem, ...]:
    """Return warnings about spec features that a client does not support, sorted by position.

    Envoy supports all of them; docs/proxyless.md lists those that a gRPC client does not.
    """
    return client_limits(graph, proxy) if proxy.client is Client.GRPC else ()


def _unknown(graph: MeshGraph, key: ResourceKey) -> UsageError:
    known = sorted(str(each) for each in graph.resources if each.kind is key.kind)
    near = get_close_matches(str(key), known, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    elif known:
        hint = f"there are {len(known)}, {known[0]} among them"
    else:
        hint = f"there is no {key.kind} at all"
    return UsageError(f"there is no {key}", hint=hint)
