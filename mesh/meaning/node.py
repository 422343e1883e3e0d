"""Meanings of the fields of virtual nodes, gateways, routers, services and service instances."""

from typing import Final

from mesh.meaning.common import IP_PREFERENCE
from mesh.meaning.meaning import Meaning, Table
from mesh.spec import (
    service_instances,
    virtual_gateway,
    virtual_node,
    virtual_router,
    virtual_service,
)

_POOL: Final = Meaning(
    "Limits of connections and requests, in a field named after the protocol.",
    "no limit",
)
_TLS: Final = Meaning("TLS on this port.", "plain text")
_LOGGING: Final = Meaning("Logging of the traffic of the proxy.", "no log")

TABLE: Final[Table] = {
    virtual_node.VirtualNodeSpec: {
        "service_discovery": Meaning(
            "Discovery of the node's instances. Required for a node with listeners."
        ),
        "listeners": Meaning(
            "The ports on which the application accepts traffic.",
            "none: the node accepts no traffic",
        ),
        "backend_defaults": Meaning("Default settings of all backends."),
        "backends": Meaning(
            "The virtual services that the node calls. Its proxy has routes only to these, and "
            "forbids other destinations unless the mesh's egress filter is ALLOW_ALL.",
            "none: the node calls no virtual services",
        ),
        "logging": _LOGGING,
    },
    virtual_node.Listener: {
        "port_mapping": Meaning("The port and its protocol."),
        "timeout": Meaning(
            "Timeouts, in a field named after the protocol.",
            "15 s for a request, 300 s without transferred bytes",
        ),
        "connection_pool": _POOL,
        "health_check": Meaning("Health checks of each instance by the clients' proxies.", "none"),
        "outlier_detection": Meaning(
            "Ejection of instances that answer with errors: clients stop sending them traffic for "
            "a time.",
            "no ejection",
        ),
        "tls": _TLS,
    },
    virtual_node.ServiceDiscovery: {
        "aws_cloud_map": Meaning(
            "Discovery of a service registered in AWS Cloud Map. Its instances are listed in a "
            "ServiceInstances document; without one, the DNS name SERVICE.NAMESPACE is resolved."
        ),
        "dns": Meaning("Discovery by a DNS name."),
    },
    virtual_node.DnsServiceDiscovery: {
        "hostname": Meaning("The DNS name, or an IP address."),
        "response_type": Meaning(
            "LOADBALANCER treats the name as one address, behind which a load balancer "
            "distributes requests. ENDPOINTS distributes requests over all addresses of the name.",
            "LOADBALANCER",
        ),
        "ip_preference": Meaning(IP_PREFERENCE, "the preference of the mesh"),
    },
    virtual_node.CloudMapServiceDiscovery: {
        "namespace_name": Meaning("The Cloud Map namespace."),
        "service_name": Meaning("The Cloud Map service in the namespace."),
        "attributes": Meaning(
            "Attributes that an instance must have, all of them, to belong to the node.",
            "every instance",
        ),
        "ip_preference": Meaning(IP_PREFERENCE, "the preference of the mesh"),
    },
    virtual_node.CloudMapAttribute: {
        "key": Meaning("Name of the attribute."),
        "value": Meaning("Value that the attribute must have."),
    },
    virtual_node.Backend: {
        "virtual_service": Meaning("A virtual service that the node calls."),
    },
    virtual_node.VirtualServiceBackend: {
        "virtual_service_name": Meaning("Name of the virtual service, as applications call it."),
        "client_policy": Meaning(
            "Settings of the proxy as a client of this backend.",
            "the policy in backendDefaults",
        ),
    },
    virtual_gateway.VirtualGatewaySpec: {
        "listeners": Meaning("The ports on which traffic from outside the mesh is accepted."),
        "backend_defaults": Meaning(
            "Settings of the gateway as a client of its routes' target services."
        ),
        "logging": _LOGGING,
    },
    virtual_gateway.VirtualGatewayListener: {
        "port_mapping": Meaning("The port and its protocol."),
        "connection_pool": _POOL,
        "health_check": Meaning(
            "Health checks of the gateway. They have no effect, because no proxy of the mesh "
            "calls a gateway.",
            "none",
        ),
        "tls": _TLS,
    },
    virtual_router.VirtualRouterSpec: {
        "listeners": Meaning(
            "The ports to which callers connect. Routes are separate resources.",
            "none: the router accepts no traffic",
        ),
    },
    virtual_router.VirtualRouterListener: {
        "port_mapping": Meaning("The port and its protocol. The protocol must match the routes."),
    },
    virtual_service.VirtualServiceSpec: {
        "provider": Meaning(
            "The virtual node or virtual router that provides the service.",
            "none: every call fails",
        ),
    },
    virtual_service.VirtualServiceProvider: {
        "virtual_node": Meaning("A virtual node that answers all calls."),
        "virtual_router": Meaning(
            "A virtual router whose routes distribute the calls over virtual nodes."
        ),
    },
    virtual_service.VirtualNodeServiceProvider: {
        "virtual_node_name": Meaning("Name of the virtual node, in the same mesh."),
    },
    virtual_service.VirtualRouterServiceProvider: {
        "virtual_router_name": Meaning("Name of the virtual router, in the same mesh."),
    },
    service_instances.ServiceInstancesSpec: {
        "instances": Meaning(
            "All instances of the service. An empty list means that there are none."
        ),
    },
    service_instances.ServiceInstance: {
        "id": Meaning("Id of the instance, unique within the service."),
        "attributes": Meaning(
            "Attributes of the instance: its address in AWS_INSTANCE_IPV4 or AWS_INSTANCE_IPV6, "
            "its port in AWS_INSTANCE_PORT, and custom attributes."
        ),
    },
}
