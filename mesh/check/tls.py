"""Warnings for what a spec says about TLS, which is not served yet: silence would be dangerous."""

from collections.abc import Iterator

from mesh.check.place import Place
from mesh.problem import Problem
from mesh.spec.tls import BackendDefaults, ClientPolicy, ListenerTls


def listener_tls(tls: ListenerTls | None, at: Place) -> Iterator[Problem]:
    """A listener that asks for TLS gets plain text for now."""
    if tls is not None and tls.mode != "DISABLED":
        message = f"TLS {tls.mode} is not served yet: the listener speaks plain text"
        yield at.warning("tls-not-served", message, "keep such nodes on a trusted network")


def client_policy(policy: ClientPolicy | None, at: Place) -> Iterator[Problem]:
    """A client that is told to use TLS speaks plain text for now."""
    if policy is not None and policy.tls is not None:
        message = "TLS towards backends is not served yet: the client speaks plain text"
        here = at / "tls"
        yield here.warning("tls-not-served", message, "keep such nodes on a trusted network")


def backend_defaults(defaults: BackendDefaults | None, at: Place) -> Iterator[Problem]:
    """The client policy for all backends; see :func:`client_policy`."""
    if defaults is not None:
        yield from client_policy(defaults.client_policy, at / "clientPolicy")
