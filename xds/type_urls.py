"""The xDS resource types we serve, and the order in which a change of theirs is safe."""

from typing import Final, NewType

TypeUrl = NewType("TypeUrl", str)

_PREFIX: Final = "type.googleapis.com/"

LISTENER: Final = TypeUrl(_PREFIX + "envoy.config.listener.v3.Listener")
ROUTE: Final = TypeUrl(_PREFIX + "envoy.config.route.v3.RouteConfiguration")
CLUSTER: Final = TypeUrl(_PREFIX + "envoy.config.cluster.v3.Cluster")
ENDPOINT: Final = TypeUrl(_PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment")
SECRET: Final = TypeUrl(_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret")

ORDER: Final = (CLUSTER, ENDPOINT, SECRET, LISTENER, ROUTE)
"""Additions go out in this order, so nothing names what is not there yet; removals in reverse
(xDS protocol, "Eventual consistency considerations")."""

SUPPORT: Final = (CLUSTER, ENDPOINT, SECRET)
"""What listeners and routes rely on: must be there before them, and stay until after them."""
TRAFFIC: Final = (LISTENER, ROUTE)
"""What sends traffic to clusters, in the order in which a change is safe."""
WHOLE: Final = frozenset({CLUSTER, LISTENER})
"""Types whose responses are complete: what one leaves out is thereby removed. Of the others a
response changes only what it holds (xDS protocol, "Deleting resources")."""
