"""The xDS resource types that are served, and the safe order of their updates."""

from typing import Final, NewType

TypeUrl = NewType("TypeUrl", str)

_PREFIX: Final = "type.googleapis.com/"

LISTENER: Final = TypeUrl(_PREFIX + "envoy.config.listener.v3.Listener")
ROUTE: Final = TypeUrl(_PREFIX + "envoy.config.route.v3.RouteConfiguration")
CLUSTER: Final = TypeUrl(_PREFIX + "envoy.config.cluster.v3.Cluster")
ENDPOINT: Final = TypeUrl(_PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment")
SECRET: Final = TypeUrl(_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret")

ORDER: Final = (CLUSTER, ENDPOINT, SECRET, LISTENER, ROUTE)
"""Additions are sent in this order, so that no reference is dangling; removals in reverse (xDS
protocol, "Eventual consistency considerations")."""

SUPPORT: Final = (CLUSTER, ENDPOINT, SECRET)
"""Types that listeners and routes refer to: sent before them, removed after them."""
TRAFFIC: Final = (LISTENER, ROUTE)
"""Types that send traffic to clusters, in safe update order."""
WHOLE: Final = frozenset({CLUSTER, LISTENER})
"""Types whose responses are complete: a resource that is not in the response is removed. Responses
of other types change only what they contain (xDS protocol, "Deleting resources")."""
