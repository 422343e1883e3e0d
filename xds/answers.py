"""What passes between server and client about one type: responses, and what is said of them."""

from typing import NamedTuple, TypeAlias

from xds.resources import Selection
from xds.type_urls import TypeUrl
from xds.wire.decode import ErrorDetail


class Acked(NamedTuple):
    """A client took a response."""

    type_url: TypeUrl
    version: str


class Refused(NamedTuple):
    """A client refused a response, and goes on with what it had."""

    type_url: TypeUrl
    version: str
    names: tuple[str, ...]
    """What the response held, or told to be gone if it held nothing."""
    detail: ErrorDetail
    fresh: Selection = ()
    """Those that the client was never sent before."""
    clings: bool = False
    """Whether it has all that there is, and refuses to let go of what is not there any more."""


Answer: TypeAlias = Acked | Refused


class Response(NamedTuple):
    """A response to be written: a body that streams share, and this stream's nonce."""

    type_url: TypeUrl
    version: str
    nonce: str
    body: bytes


class Flight(NamedTuple):
    """A response that the client has not answered."""

    version: str
    carried: Selection
    fresh: Selection
    since: float
    removed: tuple[str, ...] = ()
    """What it tells to be gone, by name or, where it is whole, by leaving it out."""

    def answered(
        self, type_url: TypeUrl, error: ErrorDetail | None, *, clings: bool = False
    ) -> Answer:
        """Return what the client says of it; ``clings`` as in :class:`Refused`."""
        if error is None:
            return Acked(type_url, self.version)
        names = tuple(resource.name for resource in self.carried) or self.removed
        return Refused(type_url, self.version, names, error, self.fresh, clings)
