"""Virtual nodes: the workloads of a mesh, with their listeners and backends."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from mesh.spec.common import IpPreference, OneOf, PortMapping, Spec, Text
from mesh.spec.listener import HealthCheck, ListenerTimeout, NodeConnectionPool, OutlierDetection
from mesh.spec.logging import Logging
from mesh.spec.tls import BackendDefaults, ClientPolicy, ListenerTls

CloudMapName = Annotated[str, Strict(), Field(min_length=1, max_length=1024)]


class CloudMapAttribute(Spec):
    """An attribute that a Cloud Map instance must have to belong to the node."""

    key: Annotated[str, Strict(), Field(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9!-~]+$")]
    value: Annotated[
        str,
        Strict(),
        Field(
            min_length=1,
            max_length=1024,
            # The API's text has these two spaces.
            pattern=r"^([a-zA-Z0-9!-~][  a-zA-Z0-9!-~]*){0,1}[a-zA-Z0-9!-~]{0,1}$",
        ),
    ]


class CloudMapServiceDiscovery(Spec):
    """Service discovery by AWS Cloud Map."""

    attributes: tuple[CloudMapAttribute, ...] | None = None
    ip_preference: IpPreference | None = None
    namespace_name: CloudMapName
    service_name: CloudMapName

    @property
    def hostname(self) -> str:
        """Return the name of the service in DNS, and in the certificates of its instances."""
        return f"{self.service_name}.{self.namespace_name}"


class DnsServiceDiscovery(Spec):
    """Service discovery by DNS; ``responseType`` defaults to ``LOADBALANCER``."""

    hostname: Text
    ip_preference: IpPreference | None = None
    response_type: Literal["LOADBALANCER", "ENDPOINTS"] | None = None


class ServiceDiscovery(OneOf):
    """Service discovery of a virtual node's instances."""

    aws_cloud_map: CloudMapServiceDiscovery | None = None
    dns: DnsServiceDiscovery | None = None


class VirtualServiceBackend(Spec):
    """A virtual service that a virtual node calls."""

    client_policy: ClientPolicy | None = None
    virtual_service_name: Text


class Backend(OneOf):
    """A backend that a virtual node calls."""

    virtual_service: VirtualServiceBackend | None = None


class Listener(Spec):
    """A port on which a virtual node accepts traffic."""

    connection_pool: NodeConnectionPool | None = None
    health_check: HealthCheck | None = None
    outlier_detection: OutlierDetection | None = None
    port_mapping: PortMapping
    timeout: ListenerTimeout | None = None
    tls: ListenerTls | None = None


class VirtualNodeSpec(Spec):
    """Specification of a virtual node."""

    backend_defaults: BackendDefaults | None = None
    backends: tuple[Backend, ...] | None = None
    listeners: tuple[Listener, ...] | None = None
    logging: Logging | None = None
    service_discovery: ServiceDiscovery | None = None
