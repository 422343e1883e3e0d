"""Client policies: whether a proxy uses TLS towards backends, and how it validates them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.spec import VirtualGatewaySpec, VirtualNodeSpec
from mesh.spec.tls import (
    BackendDefaults,
    ClientCertificate,
    ClientPolicy,
    ClientPolicyTls,
    ClientValidation,
    ListenerTls,
)
from mesh.spec.virtual_node import Listener


@dataclass(frozen=True, slots=True)
class ClientTls:
    """TLS settings of a client."""

    certificate: ClientCertificate | None = None
    validation: ClientValidation | None = None
    """None accepts every certificate, because no validation is configured."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Client behaviour towards one virtual service."""

    tls: ClientPolicyTls | None = None
    service: str = ""
    """The virtual service that has this policy; empty for the default policy."""

    def towards(self, listener: Listener) -> ClientTls | None:
        """Return the TLS settings towards a listener of a virtual node, or None for plain text.

        A policy applies to the ports that it lists, or to all. It enforces TLS unless ``enforce``
        is false; then the listener decides. Without a policy, App Mesh's proxies used TLS without
        validation towards every listener that offered it (user guide, "Transport Layer Security").
        """
        offered = offers_tls(listener.tls)
        ports = () if self.tls is None else self.tls.ports or ()
        if self.tls is None or (ports and listener.port_mapping.port not in ports):
            return ClientTls() if offered else None
        if self.tls.enforce is False and not offered:
            return None
        return ClientTls(self.tls.certificate, self.tls.validation)


@dataclass(frozen=True, slots=True)
class Policies:
    """The client policies of one proxy."""

    default: Policy = Policy()
    own: Mapping[str, Policy] = field(default_factory=dict)

    def of(self, service: str) -> Policy:
        """Return the policy towards a virtual service: its own, else the default."""
        return self.own.get(service, self.default)


def node_policies(spec: VirtualNodeSpec) -> Policies:
    """Return the policies of a virtual node. If a backend is named twice, the first one counts."""
    own: dict[str, Policy] = {}
    for backend in spec.backends or ():
        service = backend.virtual_service
        tls = None if service is None else _tls(service.client_policy)
        if service is not None and tls is not None:
            name = service.virtual_service_name
            own.setdefault(name, Policy(tls, name))
    return Policies(_default(spec.backend_defaults), own)


def gateway_policies(spec: VirtualGatewaySpec) -> Policies:
    """Return the policies of a virtual gateway: one for all its targets."""
    return Policies(_default(spec.backend_defaults))


def offers_tls(tls: ListenerTls | None) -> bool:
    """Return whether a listener accepts TLS."""
    return tls is not None and tls.mode != "DISABLED"


def _default(defaults: BackendDefaults | None) -> Policy:
    return Policy() if defaults is None else Policy(_tls(defaults.client_policy))


def _tls(policy: ClientPolicy | None) -> ClientPolicyTls | None:
    return None if policy is None else policy.tls
