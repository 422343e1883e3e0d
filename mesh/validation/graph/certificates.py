"""Rules for certificates that are given by their AWS Certificate Manager ARNs."""

from collections.abc import Iterator

from mesh.graph.finding import Finding, warning
from mesh.graph.mesh_graph import MeshGraph
from mesh.resource import Resource, Steps
from mesh.spec import VirtualGatewaySpec, VirtualNodeSpec
from mesh.spec.tls import BackendDefaults, ClientPolicy, ListenerTls

_HINT = "map it to a file or a secret in gitmesh.yaml, or provide that secret"


def check_certificates(
    graph: MeshGraph, resource: Resource, spec: VirtualNodeSpec | VirtualGatewaySpec
) -> Iterator[Finding]:
    """Yield a finding for each ARN that ``gitmesh.yaml`` does not replace with a file or secret."""
    for at, tls in enumerate(listener_tls(spec)):
        yield from _listener(graph, resource, tls, ("spec", "listeners", at, "tls"))
    yield from _defaults(graph, resource, spec.backend_defaults)
    if isinstance(spec, VirtualNodeSpec):
        for at, backend in enumerate(spec.backends or ()):
            service = backend.virtual_service
            if service is not None:
                place = ("spec", "backends", at, "virtualService", "clientPolicy")
                yield from _policy(graph, resource, service.client_policy, place)


def listener_tls(spec: VirtualNodeSpec | VirtualGatewaySpec) -> list[ListenerTls | None]:
    """Return the TLS of each listener, in declared order."""
    if isinstance(spec, VirtualNodeSpec):
        return [listener.tls for listener in spec.listeners or ()]
    return [listener.tls for listener in spec.listeners]


def _defaults(
    graph: MeshGraph, resource: Resource, defaults: BackendDefaults | None
) -> Iterator[Finding]:
    if defaults is not None:
        place = ("spec", "backendDefaults", "clientPolicy")
        yield from _policy(graph, resource, defaults.client_policy, place)


def _listener(
    graph: MeshGraph, resource: Resource, tls: ListenerTls | None, at: Steps
) -> Iterator[Finding]:
    acm = None if tls is None else tls.certificate.acm
    if acm is not None and acm.certificate_arn not in graph.settings.certificates:
        place = (*at, "certificate", "acm", "certificateArn")
        yield _unmapped(resource, place, acm.certificate_arn)


def _policy(
    graph: MeshGraph, resource: Resource, policy: ClientPolicy | None, at: Steps
) -> Iterator[Finding]:
    tls = None if policy is None else policy.tls
    acm = None if tls is None else tls.validation.trust.acm
    if acm is not None and graph.settings.trust(acm.certificate_authority_arns) is None:
        place = (*at, "tls", "validation", "trust", "acm", "certificateAuthorityArns")
        yield _unmapped(resource, place, acm.secret_name)


def _unmapped(resource: Resource, place: Steps, secret: str) -> Finding:
    message = (
        f'the ARN is not mapped: the proxy requests the secret "{secret}" from its own '
        "secret discovery service"
    )
    return warning(resource, place, "unmapped-certificate", message, _HINT)
