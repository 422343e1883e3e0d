"""Names of Envoy's clusters lead back to the nodes of the mesh."""

import pytest

from gitmesh.traffic.series import Series, series_of
from mesh.keys import Kind, ResourceKey
from mesh.spec.common import PortMapping
from tests.gitmesh.traffic.reports import COMMIT, GATEWAY, WEB
from xds.translate import naming


@pytest.mark.parametrize("caller", [WEB, GATEWAY])
@pytest.mark.parametrize("node", ["v1", "v.1_http", "a b", "x_http_80", "ü"])
@pytest.mark.parametrize("service", ["", "cart.shop.local"])
@pytest.mark.parametrize("protocol", ["http", "http2", "grpc"])
def test_a_cluster_is_a_listener_of_a_node(
    caller: str, node: str, service: str, protocol: str
) -> None:
    mapping = PortMapping.model_validate({"port": 8080, "protocol": protocol})
    name = naming.egress_cluster("shop", node, mapping, service)
    target = str(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", node))
    expected = Series(caller, target, protocol, 8080, COMMIT)
    if service and node == "x_http_80":
        return  # ambiguous by its name alone; the statistics, which have no service, are not
    assert series_of(caller, name, COMMIT) == expected


@pytest.mark.parametrize(
    "name",
    [
        "gitmesh_xds",
        "cds_ingress_shop_web_http_8080",
        "cds_egress_shop_mesh-allow-all",
        "cds_egress_shop_db_tcp_5432",
        "cds_egress_other_v1_http_80",
        "cds_egress_shop_v1_http_80.external",
    ],
)
def test_other_clusters_have_no_series(name: str) -> None:
    assert series_of(WEB, name, COMMIT) is None


def test_a_caller_that_is_none_has_no_series() -> None:
    assert series_of("web", "cds_egress_shop_v1_http_80", "") is None
