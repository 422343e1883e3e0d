"""The discovery services of Envoy's API, with the type and variant of each streaming method.

The aggregated service carries all types on one stream and alone orders updates between types; each
type also has its own service. Polling methods are not supported. Runtime and extension
configuration are not served.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, TypeUrl

_SERVICE: Final = "envoy.service"


@dataclass(frozen=True, slots=True)
class Method:
    """Method of a discovery service that the client called."""

    delta: bool = False
    type_url: TypeUrl | None = None
    """The resource type of a non-aggregated service."""


ADS: Final = Method()
"""The aggregated discovery service, in its state-of-the-world variant."""

SERVICES: Final[Mapping[str, Mapping[str, Method]]] = {
    f"{_SERVICE}.discovery.v3.AggregatedDiscoveryService": {
        "StreamAggregatedResources": ADS,
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
