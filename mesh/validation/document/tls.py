"""Rules of TLS, for listeners and for clients."""

from collections.abc import Iterator

from mesh.problems.problem import Problem
from mesh.spec.tls import (
    AcmCertificate,
    AcmTrust,
    BackendDefaults,
    ClientCertificate,
    ClientPolicy,
    ClientTrust,
    ListenerCertificate,
    ListenerTls,
    ListenerTrust,
    SdsSecret,
)
from mesh.validation.document.place import Place


def listener_tls(tls: ListenerTls | None, at: Place) -> Iterator[Problem]:
    """Return the problems of a listener's certificate and of its client validation."""
    if tls is None:
        return
    yield from _certificate(tls.certificate, at / "certificate")
    if tls.validation is not None:
        yield from _trust(tls.validation.trust, at / "validation" / "trust")


def client_policy(policy: ClientPolicy | None, at: Place) -> Iterator[Problem]:
    """Return the problems of a client's server validation and of its certificate."""
    if policy is None or policy.tls is None:
        return
    here = at / "tls"
    if policy.tls.certificate is not None:
        yield from _certificate(policy.tls.certificate, here / "certificate")
    yield from _trust(policy.tls.validation.trust, here / "validation" / "trust")


def backend_defaults(defaults: BackendDefaults | None, at: Place) -> Iterator[Problem]:
    """Return the problems of the client policy for all backends; see :func:`client_policy`."""
    if defaults is not None:
        yield from client_policy(defaults.client_policy, at / "clientPolicy")


def _certificate(
    certificate: ListenerCertificate | ClientCertificate, at: Place
) -> Iterator[Problem]:
    yield from _sds(certificate.sds, at / "sds")
    if isinstance(certificate, ListenerCertificate):
        yield from _acm_certificate(certificate.acm, at / "acm")


def _trust(trust: ClientTrust | ListenerTrust, at: Place) -> Iterator[Problem]:
    yield from _sds(trust.sds, at / "sds")
    if isinstance(trust, ClientTrust):
        yield from _acm_trust(trust.acm, at / "acm")


def _sds(secret: SdsSecret | None, at: Place) -> Iterator[Problem]:
    if secret is not None and not secret.secret_name:
        yield (at / "secretName").error("wrong-length", "the name of a secret cannot be empty")


def _acm_certificate(acm: AcmCertificate | None, at: Place) -> Iterator[Problem]:
    if acm is not None:
        yield from _arns((acm.certificate_arn,), at / "certificateArn")


def _acm_trust(acm: AcmTrust | None, at: Place) -> Iterator[Problem]:
    if acm is not None:
        yield from _arns(acm.certificate_authority_arns, at / "certificateAuthorityArns")


def _arns(arns: tuple[str, ...], at: Place) -> Iterator[Problem]:
    if not all(arns):
        yield at.error("wrong-length", "an ARN cannot be empty")
