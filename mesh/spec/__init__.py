"""App Mesh's resource specifications, API version 2019-01-25, as immutable models.

One kind is gitmesh's own: instances of services that nodes find through AWS Cloud Map.
"""

from mesh.keys import Kind
from mesh.spec.common import Spec
from mesh.spec.gateway_route import GatewayRouteSpec
from mesh.spec.mesh import MeshSpec
from mesh.spec.route import RouteSpec
from mesh.spec.service_instances import ServiceInstancesSpec
from mesh.spec.virtual_gateway import VirtualGatewaySpec
from mesh.spec.virtual_node import VirtualNodeSpec
from mesh.spec.virtual_router import VirtualRouterSpec
from mesh.spec.virtual_service import VirtualServiceSpec

ResourceSpec = (
    MeshSpec
    | VirtualServiceSpec
    | VirtualNodeSpec
    | VirtualRouterSpec
    | RouteSpec
    | VirtualGatewaySpec
    | GatewayRouteSpec
    | ServiceInstancesSpec
)
"""The specification of any resource."""

SPEC_OF: dict[Kind, type[ResourceSpec]] = {
    Kind.MESH: MeshSpec,
    Kind.VIRTUAL_SERVICE: VirtualServiceSpec,
    Kind.VIRTUAL_NODE: VirtualNodeSpec,
    Kind.VIRTUAL_ROUTER: VirtualRouterSpec,
    Kind.ROUTE: RouteSpec,
    Kind.VIRTUAL_GATEWAY: VirtualGatewaySpec,
    Kind.GATEWAY_ROUTE: GatewayRouteSpec,
    Kind.SERVICE_INSTANCES: ServiceInstancesSpec,
}

__all__ = [
    "SPEC_OF",
    "GatewayRouteSpec",
    "MeshSpec",
    "ResourceSpec",
    "RouteSpec",
    "ServiceInstancesSpec",
    "Spec",
    "VirtualGatewaySpec",
    "VirtualNodeSpec",
    "VirtualRouterSpec",
    "VirtualServiceSpec",
]
