"""Replacement of AWS Certificate Manager certificates by those that ``gitmesh.yaml`` maps them to.

An ARN without a mapping stays; the proxy requests it from its own secret discovery service.
"""

from mesh.graph.mesh_settings import MeshSettings
from mesh.spec import VirtualGatewaySpec, VirtualNodeSpec
from mesh.spec.tls import (
    BackendDefaults,
    ClientPolicy,
    ClientTrust,
    ListenerCertificate,
    ListenerTls,
)
from mesh.spec.virtual_gateway import VirtualGatewayListener
from mesh.spec.virtual_node import Backend, Listener


def mapped_node(spec: VirtualNodeSpec, settings: MeshSettings) -> VirtualNodeSpec:
    """Return a virtual node's specification with every mapped ARN replaced."""
    if not settings.certificates and not settings.authorities:
        return spec
    return spec.model_copy(
        update={
            "listeners": tuple(_listener(each, settings) for each in spec.listeners or ()),
            "backends": tuple(_backend(each, settings) for each in spec.backends or ()),
            "backend_defaults": _defaults(spec.backend_defaults, settings),
        }
    )


def mapped_gateway(spec: VirtualGatewaySpec, settings: MeshSettings) -> VirtualGatewaySpec:
    """Return a virtual gateway's specification with every mapped ARN replaced."""
    if not settings.certificates and not settings.authorities:
        return spec
    return spec.model_copy(
        update={
            "listeners": tuple(_entrance(each, settings) for each in spec.listeners),
            "backend_defaults": _defaults(spec.backend_defaults, settings),
        }
    )


def _listener(listener: Listener, settings: MeshSettings) -> Listener:
    return listener.model_copy(update={"tls": _tls(listener.tls, settings)})


def _entrance(listener: VirtualGatewayListener, settings: MeshSettings) -> VirtualGatewayListener:
    return listener.model_copy(update={"tls": _tls(listener.tls, settings)})


def _tls(tls: ListenerTls | None, settings: MeshSettings) -> ListenerTls | None:
    acm = None if tls is None else tls.certificate.acm
    found = None if acm is None else settings.certificates.get(acm.certificate_arn)
    if tls is None or found is None:
        return tls
    certificate = ListenerCertificate(file=found.file, sds=found.sds)
    return tls.model_copy(update={"certificate": certificate})


def _backend(backend: Backend, settings: MeshSettings) -> Backend:
    service = backend.virtual_service
    if service is None or service.client_policy is None:
        return backend
    policy = _policy(service.client_policy, settings)
    return Backend(virtual_service=service.model_copy(update={"client_policy": policy}))


def _defaults(defaults: BackendDefaults | None, settings: MeshSettings) -> BackendDefaults | None:
    if defaults is None or defaults.client_policy is None:
        return defaults
    return BackendDefaults(client_policy=_policy(defaults.client_policy, settings))


def _policy(policy: ClientPolicy, settings: MeshSettings) -> ClientPolicy:
    tls = policy.tls
    acm = None if tls is None else tls.validation.trust.acm
    found = None if acm is None else settings.trust(acm.certificate_authority_arns)
    if tls is None or found is None:
        return policy
    trust = ClientTrust(file=found.file, sds=found.sds)
    validation = tls.validation.model_copy(update={"trust": trust})
    return ClientPolicy(tls=tls.model_copy(update={"validation": validation}))
