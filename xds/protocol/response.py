"""Responses of one type, and the client's answers to them (ACK and NACK)."""

from typing import Final, NamedTuple, TypeAlias

from xds.snapshots.resources import Selection
from xds.type_urls import TypeUrl
from xds.wire.decode import ErrorDetail

MAX_RESPONSE_BYTES: Final = 3 << 20
"""Maximum size of a response, for types whose responses may be incomplete. gRPC clients refuse
messages above 4 MiB by default."""


class Ack(NamedTuple):
    """The client accepted a response (ACK)."""

    type_url: TypeUrl
    version: str


class Nack(NamedTuple):
    """The client refused a response (NACK) and keeps its previous configuration."""

    type_url: TypeUrl
    version: str
    names: tuple[str, ...]
    """Names in the response, or the removed names if it held no resource."""
    detail: ErrorDetail
    fresh: Selection = ()
    """Resources that the client had never been sent before."""
    removal_only: bool = False
    """True if the client has all current resources and refused only removals."""


Answer: TypeAlias = Ack | Nack


class Response(NamedTuple):
    """A response to write: a body that streams share, and this stream's nonce."""

    type_url: TypeUrl
    version: str
    nonce: str
    body: bytes


class Flight(NamedTuple):
    """A response that the client has not answered yet."""

    version: str
    carried: Selection
    fresh: Selection
    since: float
    removed: tuple[str, ...] = ()
    """Names that the response removes: explicitly, or by omission if the response is complete."""

    def answered(
        self, type_url: TypeUrl, error: ErrorDetail | None, *, removal_only: bool = False
    ) -> Answer:
        """Return the client's answer; ``removal_only`` as in :class:`Nack`."""
        if error is None:
            return Ack(type_url, self.version)
        names = tuple(resource.name for resource in self.carried) or self.removed
        return Nack(type_url, self.version, names, error, self.fresh, removal_only)
