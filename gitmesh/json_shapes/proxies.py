"""Shapes of what one proxy needs: its configuration, and redirects to it."""

from typing import TYPE_CHECKING, TypedDict

from gitmesh.intercept.ruleset import TABLE, Interception, removal, ruleset
from gitmesh.json_shapes.problems import problem_shapes

if TYPE_CHECKING:
    from gitmesh.service.proxies.configuration import ProxyConfiguration


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


def configuration_shape(found: "ProxyConfiguration") -> dict[str, object]:
    """Return Envoy's resources by type, and ``warnings``. The types are Envoy's to name."""
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
