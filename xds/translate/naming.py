"""Every Envoy resource name we give, in one place: App Mesh's own names, exactly.

Dashboards and alerts are built on them (App Mesh user guide, "Envoy metrics"), so names are never
escaped or shortened. The port in a listener's name is the one it would have with interception.
"""

from typing import Final
from urllib.parse import quote

from mesh.spec.common import GatewayPortMapping, PortMapping

INGRESS_PORT: Final = 15000
"""Where traffic to a virtual node is redirected (App Mesh: ``APPMESH_ENVOY_INGRESS_PORT``)."""
EGRESS_PORT: Final = 15001
"""Where traffic from a node is redirected, and a gateway's second pass listens."""

ALLOW_ALL_HOST: Final = "mesh_allow_all"
"""The virtual host for requests to what is not in the mesh."""
SELF_REDIRECT_HOST: Final = "self_redirect"
"""The virtual host of a gateway's first pass."""
DEFAULT_BACKEND_HOST: Final = "default_backend"
"""The virtual host of a gateway's second pass for requests that keep their own host name."""

SERVICE_HEADER: Final = "x-app-mesh-virtual-service"
"""Inside a gateway, from first pass to second: the virtual service a gateway route chose."""
PORT_HEADER: Final = "x-gitmesh-virtual-service-port"
"""Inside a gateway, likewise: the port of that virtual service. App Mesh has no such header."""


SDS_CLUSTER: Final = "static_cluster_sds_unix_socket"
"""The cluster in a proxy's bootstrap that is its own secret discovery service (App Mesh's name)."""


def ingress_listener(address: str = "0.0.0.0", port: int = INGRESS_PORT) -> str:  # noqa: S104
    """Return the name of a listener for traffic to the application, or into a gateway."""
    return f"lds_ingress_{address}_{port}"


def egress_listener(address: str = "0.0.0.0", port: int = EGRESS_PORT) -> str:  # noqa: S104
    """Return the name of a listener for traffic to backends."""
    return f"lds_egress_{address}_{port}"


def ingress_cluster(mesh: str, node: str, mapping: PortMapping) -> str:
    """Return the name of the cluster that is the application itself."""
    return f"cds_ingress_{mesh}_{node}_{mapping.protocol}_{mapping.port}"


def egress_cluster(mesh: str, node: str, mapping: PortMapping, service: str = "") -> str:
    """Return the name of the cluster that is a listener of a virtual node, seen by its callers.

    ``service`` is the backend that has a client policy of its own, and so a cluster of its own.
    """
    own = f"_{service}" if service else ""
    return f"cds_egress_{mesh}_{node}_{mapping.protocol}_{mapping.port}{own}"


def allow_all_cluster(mesh: str) -> str:
    """Return the name of the cluster that sends a connection where it was going anyway."""
    return f"cds_egress_{mesh}_mesh-allow-all"


def aws_cluster(mesh: str) -> str:
    """Return the name of the cluster that sends a connection to AWS, where it was going anyway."""
    return f"cds_egress_{mesh}_amazonaws"


def self_redirect_cluster(
    mesh: str, gateway: str, mapping: GatewayPortMapping, *, alone: bool
) -> str:
    """Return the name of the cluster from a gateway's first pass to its second.

    A gateway with several listeners has one for each, told apart by the listener's port.
    """
    listener = "" if alone else f"{mapping.port}_"
    return f"cds_ingress_{mesh}_{gateway}_self_redirect_{listener}{mapping.protocol}_{EGRESS_PORT}"


def certificate_secret(chain: str, key: str) -> str:
    """Return the name of the secret that is a certificate and its key in these files."""
    return f"sds_certificate_{quote(chain)}+{quote(key)}"


def trust_secret(bundle: str) -> str:
    """Return the name of the secret that is the authorities in this file."""
    return f"sds_trust_{quote(bundle)}"


def ingress_routes(mapping: PortMapping | GatewayPortMapping) -> str:
    """Return the name of the route configuration of an ingress port."""
    return f"rds_ingress_{mapping.protocol}_{mapping.port}"


def egress_routes(protocol: str, port: int) -> str:
    """Return the name of the route configuration of a port that backends are called on."""
    return f"rds_egress_{protocol}_{port}"


def proxyless_listener(service: str, port: int) -> str:
    """Return what a gRPC client dials, after ``xds:///``, to reach a port of a service."""
    return f"{service}:{port}"


def proxyless_routes(service: str, port: int) -> str:
    """Return the name of the route configuration of a port of a service that gRPC clients dial."""
    return f"rds_proxyless_{service}_{port}"


def ingress_stat_prefix(mapping: PortMapping | GatewayPortMapping, *, alone: bool) -> str:
    """Return the statistics prefix of an ingress port; one of several carries its port."""
    return "ingress" if alone else f"ingress.{mapping.protocol}.{mapping.port}"


EGRESS_STAT_PREFIX: Final = "egress"
