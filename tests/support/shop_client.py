"""A client of the sample shop: its subscriptions, and the content of its routes."""

from collections.abc import Mapping

from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration

from gitmesh.demo.sample import shares
from tests.support.raw_client import Held, RawClient
from tests.support.sample_shop import route_names, sample_files
from xds.type_urls import CLUSTER, LISTENER, ROUTE


def follow_everything(client: RawClient) -> Mapping[str, Held]:
    """Subscribe to everything that the shop's entrance needs; return the responses."""
    client.subscribe(CLUSTER)
    client.subscribe(LISTENER)
    client.subscribe(ROUTE, *route_names())
    return dict(client.held)


def weights(held: Held) -> list[int | None]:
    """Return the weights of the cart's two versions in the routes."""
    configurations = [RouteConfiguration.parse(data) for data in held.resources.values()]
    routes = [r for c in configurations for host in c.virtual_hosts for r in host.routes]
    splits = [r.route.weighted_clusters for r in routes if r.route and r.route.weighted_clusters]
    # The route for testers leads to one version only; App Mesh writes a prefix as two routes.
    [split] = {tuple(c.weight for c in s.clusters) for s in splits if len(s.clusters) > 1}
    return list(split)


def shop(percent: int, second: str = "cart-v2") -> dict[str, str | bytes]:
    """Return the shop with this percentage of the cart's traffic at its second version."""
    return sample_files(shares(percent, second))
