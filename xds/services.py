"""The discovery services of Envoy's API, and what is spoken in each of their streaming methods.

Everything that is asked for one by one can be asked for on one aggregated stream, which alone keeps
an order among types; for those who configure one stream a type, each type has its service. There is
no polling, for a push is what this server is for. Runtime and extension configuration have nothing
to say here, and no service.
"""

from collections.abc import Mapping
from typing import Final

from xds.stream import Method
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET

_SERVICE: Final = "envoy.service"

SERVICES: Final[Mapping[str, Mapping[str, Method]]] = {
    f"{_SERVICE}.discovery.v3.AggregatedDiscoveryService": {
        "StreamAggregatedResources": Method(),
        "DeltaAggregatedResources": Method(delta=True),
    },
    **{
        f"{_SERVICE}.{service}": {
            f"Stream{noun}": Method(type_url=type_url),
            f"Delta{noun}": Method(delta=True, type_url=type_url),
        }
        for service, noun, type_url in (
            ("cluster.v3.ClusterDiscoveryService", "Clusters", CLUSTER),
            ("endpoint.v3.EndpointDiscoveryService", "Endpoints", ENDPOINT),
            ("listener.v3.ListenerDiscoveryService", "Listeners", LISTENER),
            ("route.v3.RouteDiscoveryService", "Routes", ROUTE),
            ("secret.v3.SecretDiscoveryService", "Secrets", SECRET),
        )
    },
}
"""Methods by service."""
