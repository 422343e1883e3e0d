"""JSON shapes of proxies: connected ones, the configuration of one, and its traffic redirection."""

from typing import TYPE_CHECKING, TypedDict

from events.deliveries import Proxy
from events.types import SnapshotRejected
from gitmesh.intercept.ruleset import TABLE, Interception, removal, ruleset
from gitmesh.json_shapes.problems import problem_shapes
from gitmesh.service.delivery.connected import ConnectedProxies

if TYPE_CHECKING:
    from gitmesh.service.proxies.configuration import ProxyConfiguration


class ProxyRefusalShape(TypedDict):
    """Refusal of a connected proxy."""

    commit: str
    type: str
    version: str
    names: list[str]
    message: str


class ProxyShape(TypedDict):
    """A connected proxy."""

    node: str
    proxy: str
    version: str
    connectedAt: str
    state: str
    since: str
    commit: str | None
    refusal: ProxyRefusalShape | None


class ProxiesShape(TypedDict):
    """Answer of ``proxies``."""

    serverRuns: bool | None
    proxies: list[ProxyShape]


class RemovalShape(TypedDict):
    """Answer of ``intercept --remove``."""

    remove: str


class InterceptionShape(RemovalShape):
    """Answer of ``intercept``: see :class:`gitmesh.intercept.ruleset.Interception`."""

    table: str
    startEnabled: bool
    appPorts: list[str]
    ignoreUid: int | None
    ignoreGid: int | None
    ingressPort: int
    egressPort: int
    egressIgnoredPorts: list[str]
    egressIgnoredIp: list[str]
    enableIpv6: bool
    ruleset: str


def proxies_shape(found: ConnectedProxies) -> ProxiesShape:
    """Return the connected proxies."""
    return {
        "serverRuns": found.server_runs,
        "proxies": [_proxy(proxy) for proxy in found.proxies],
    }


def configuration_shape(found: "ProxyConfiguration") -> dict[str, object]:
    """Return Envoy's resources by type, and ``warnings``. The names of the types are Envoy's."""
    return {**found.resources, "warnings": problem_shapes(found.warnings)}


def interception_shape(found: Interception) -> InterceptionShape:
    """Return redirects with the rulesets that set them up and remove them."""
    return {
        "table": TABLE,
        "startEnabled": found.start_enabled,
        "appPorts": [str(each) for each in found.app_ports],
        "ignoreUid": found.ignore_uid,
        "ignoreGid": found.ignore_gid,
        "ingressPort": found.ingress_port,
        "egressPort": found.egress_port,
        "egressIgnoredPorts": [str(each) for each in found.egress_ignored_ports],
        "egressIgnoredIp": [str(each) for each in found.egress_ignored_ip],
        "enableIpv6": found.enable_ipv6,
        "ruleset": ruleset(found),
        "remove": removal(),
    }


def removal_shape() -> RemovalShape:
    """Return the ruleset that removes the redirects."""
    return {"remove": removal()}


def _proxy(proxy: Proxy) -> ProxyShape:
    return {
        "node": proxy.node,
        "proxy": proxy.name,
        "version": proxy.version,
        "connectedAt": proxy.connected_at,
        "state": proxy.state.value,
        "since": proxy.since,
        "commit": proxy.commit or None,
        "refusal": _proxy_refusal(proxy.refusal),
    }


def _proxy_refusal(refusal: SnapshotRejected | None) -> ProxyRefusalShape | None:
    if refusal is None:
        return None
    return {
        "commit": refusal.commit,
        "type": refusal.type_url,
        "version": refusal.version,
        "names": list(refusal.names),
        "message": refusal.message,
    }
