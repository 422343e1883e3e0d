"""Meanings of virtual nodes, gateways, routers, services and instances of services."""

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

_POOL: Final = Meaning("Limits on connections and requests, under the protocol's name.", "no limit")
_TLS: Final = Meaning("TLS on this port.", "plain text")
_LOGGING: Final = Meaning("What the proxy records of its traffic.", "nothing")

TABLE: Final[Table] = {
    virtual_node.VirtualNodeSpec: {
        "service_discovery": Meaning(
            "How the node's instances are found. Required for a node with listeners."
        ),
        "listeners": Meaning(
            "The ports on which the application takes traffic.", "none: nobody calls the node"
        ),
        "backend_defaults": Meaning("What holds for every backend that does not say otherwise."),
        "backends": Meaning(
            "The virtual services that the node calls. Its proxy knows the way to these, and "
            "refuses others unless the mesh's egress filter is ALLOW_ALL.",
            "none: the node calls nobody",
        ),
        "logging": _LOGGING,
    },
    virtual_node.Listener: {
        "port_mapping": Meaning("The port and its protocol."),
        "timeout": Meaning(
            "Timeouts, under the protocol's name.", "15 s for a request, 300 s for an idle one"
        ),
        "connection_pool": _POOL,
        "health_check": Meaning(
            "Health checks that the proxies of clients send to each instance.", "none"
        ),
        "outlier_detection": Meaning(
            "When clients stop sending traffic to an instance that answers with errors.", "never"
        ),
        "tls": _TLS,
    },
    virtual_node.ServiceDiscovery: {
        "aws_cloud_map": Meaning(
            "Instances of a service registered in AWS Cloud Map. Here they are ServiceInstances "
            "documents; without one, DNS is asked for SERVICE.NAMESPACE."
        ),
        "dns": Meaning("Instances found by a name in DNS."),
    },
    virtual_node.DnsServiceDiscovery: {
        "hostname": Meaning("The name, or an IP address."),
        "response_type": Meaning(
            "LOADBALANCER takes the name for one address that balances by itself. ENDPOINTS "
            "spreads requests over all addresses in the answer.",
            "LOADBALANCER",
        ),
        "ip_preference": Meaning(IP_PREFERENCE, "that of the mesh"),
    },
    virtual_node.CloudMapServiceDiscovery: {
        "namespace_name": Meaning("The Cloud Map namespace."),
        "service_name": Meaning("The service in the namespace."),
        "attributes": Meaning(
            "What instances must carry to belong to the node: all of these.", "every instance"
        ),
        "ip_preference": Meaning(IP_PREFERENCE, "that of the mesh"),
    },
    virtual_node.CloudMapAttribute: {
        "key": Meaning("The attribute's name."),
        "value": Meaning("The value that it must have."),
    },
    virtual_node.Backend: {
        "virtual_service": Meaning("A virtual service that is called."),
    },
    virtual_node.VirtualServiceBackend: {
        "virtual_service_name": Meaning("The virtual service's name, which applications call."),
        "client_policy": Meaning("How the proxy calls this backend.", "that of backendDefaults"),
    },
    virtual_gateway.VirtualGatewaySpec: {
        "listeners": Meaning("The ports on which traffic from outside comes in."),
        "backend_defaults": Meaning("How the gateway calls the services that its routes lead to."),
        "logging": _LOGGING,
    },
    virtual_gateway.VirtualGatewayListener: {
        "port_mapping": Meaning("The port and its protocol."),
        "connection_pool": _POOL,
        "health_check": Meaning(
            "A health check of the gateway. It has no effect: no client of the mesh calls a "
            "gateway.",
            "none",
        ),
        "tls": _TLS,
    },
    virtual_router.VirtualRouterSpec: {
        "listeners": Meaning(
            "The ports that callers dial. Routes are resources of their own.",
            "none: the router takes no traffic",
        ),
    },
    virtual_router.VirtualRouterListener: {
        "port_mapping": Meaning("The port and its protocol. The protocol must fit the routes."),
    },
    virtual_service.VirtualServiceSpec: {
        "provider": Meaning(
            "The node or the router that answers for the service.", "nobody: every call fails"
        ),
    },
    virtual_service.VirtualServiceProvider: {
        "virtual_node": Meaning("One virtual node answers every call."),
        "virtual_router": Meaning("The routes of a virtual router decide which nodes answer."),
    },
    virtual_service.VirtualNodeServiceProvider: {
        "virtual_node_name": Meaning("The virtual node, in the same mesh."),
    },
    virtual_service.VirtualRouterServiceProvider: {
        "virtual_router_name": Meaning("The virtual router, in the same mesh."),
    },
    service_instances.ServiceInstancesSpec: {
        "instances": Meaning(
            "Every instance of the service. An empty list says that there is none."
        ),
    },
    service_instances.ServiceInstance: {
        "id": Meaning("The instance's name, which no other instance of the service has."),
        "attributes": Meaning(
            "Everything known of the instance: its address in AWS_INSTANCE_IPV4 or "
            "AWS_INSTANCE_IPV6, its port in AWS_INSTANCE_PORT, and attributes of your own."
        ),
    },
}
