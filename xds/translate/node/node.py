"""Configuration of a virtual node's proxy, in two parts: inbound traffic and calls to backends.

Nodes that call the same virtual services in the same way share the second part.
"""

from mesh.linking import MeshGraph
from mesh.spec import VirtualNodeSpec
from xds.nodes import ProxyIdentity
from xds.translate.addresses import node_preference
from xds.translate.node.egress import egress_key, egress_part
from xds.translate.node.ingress import ingress_part
from xds.translate.parts import Combined


def translate_node(graph: MeshGraph, proxy: ProxyIdentity, spec: VirtualNodeSpec) -> Combined:
    """Return the resources of a virtual node's proxy."""
    preference = node_preference(graph.mesh_spec(proxy.key.mesh), spec)
    egress = egress_part(graph, egress_key(proxy, spec, preference))
    return Combined(ingress_part(proxy, spec, preference), egress)
