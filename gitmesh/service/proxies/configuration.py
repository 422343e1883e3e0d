"""Envoy configuration of one proxy, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitmesh.queries.resource_name import identity_of
from mesh.canonical import JsonObject
from mesh.graph.mesh_graph import MeshGraph
from mesh.problems.problem import Problem
from xds.translate import limits, translate
from xds.translate.readable import dump


@dataclass(frozen=True, slots=True)
class ProxyConfiguration:
    """Configuration of a proxy, and warnings about it."""

    resources: Mapping[str, Sequence[JsonObject]]
    """Envoy's resources by type, in the order in which the proxy receives them."""
    warnings: tuple[Problem, ...]
    """Warnings about spec features that this kind of client does not support."""


def proxy_configuration(
    graph: MeshGraph, node: str, metadata: Mapping[str, str]
) -> ProxyConfiguration:
    """Return the configuration of a proxy with this ``node.id`` and gitmesh's metadata.

    :raises UsageError: the mesh has no such node; the hint has suggestions.
    """
    proxy = identity_of(node, metadata, lambda: graph.resources)
    return ProxyConfiguration(dump(translate(graph, proxy)), limits(graph, proxy))
