"""Model of a proxy as in :mod:`tests.support.proxy_model`, for the delta variant.

Its state and the order of its requests are the same; the messages are not: names are added and
removed, removed resources are listed by name, and a new stream begins with the held versions.
"""

from dataclasses import dataclass, field

from tests.support.proxy_model import ProxyModel
from xds.protocol.response import Response
from xds.snapshots.resources import Encoded
from xds.type_urls import CLUSTER, WHOLE, TypeUrl
from xds.wire.decode import DeltaDiscoveryRequest, ErrorDetail
from xds.wire.fields import fields
from xds.wire.varint import delimited


@dataclass
class DeltaProxyModel(ProxyModel):
    """State of a proxy, and its requests that the server has not read yet."""

    sent_to: int = 0
    """Number of resources that it was sent."""
    _to_answer: dict[TypeUrl, str] = field(default_factory=dict)

    def connect(self) -> None:
        """Open a stream: subscribe to everything that is known to be needed."""
        self._to_answer.clear()
        super().connect()

    def read(self, response: Response) -> None:
        """Process a response."""
        type_url = response.type_url
        resources, removed = self._parse(response)
        names = [*(resource.name for resource in resources), *removed]
        assert len(set(names)) == len(names), "a name twice"
        self.sent_to += len(resources)
        self._to_answer[type_url] = response.nonce
        if not self.bad.isdisjoint(resources):
            self.refusals.append((type_url, tuple(resources)))
            self._ask(type_url, self._asked[type_url], ErrorDetail(3, "no"))
            return
        self._versions[type_url] = response.version
        self._apply(type_url, self._merged(type_url, resources, removed))
        self._ask(type_url, self._names(type_url))
        self._follow_up()

    def _parse(self, response: Response) -> tuple[list[Encoded], list[str]]:
        resources, removed = [], []
        body = response.body
        for key, a, b in fields(body):
            if key == 2 << 3 | 2:
                ((c, d),) = [(c, d) for inner, c, d in fields(body, a, b) if inner == 2 << 3 | 2]
                resources.append(self.contents.by_entry[delimited(2, body[c:d])])
            elif key == 6 << 3 | 2:
                removed.append(str(body[a:b], "utf-8"))
        return resources, removed

    def _merged(
        self, type_url: TypeUrl, resources: list[Encoded], removed: list[str]
    ) -> list[Encoded]:
        """Return the state after an incremental response."""
        if type_url not in WHOLE:
            # As in Envoy, endpoints and routes go when nothing names them any more.
            return resources
        there = dict(self.held[type_url])
        if type_url == CLUSTER:
            there |= self.warming
        there |= {resource.name: resource for resource in resources}
        return [resource for name, resource in there.items() if name not in removed]

    def _ask(
        self, type_url: TypeUrl, names: tuple[str, ...], error: ErrorDetail | None = None
    ) -> None:
        first = type_url not in self._asked
        before = set(self._asked.get(type_url, ()))
        self._asked[type_url] = names
        request = DeltaDiscoveryRequest(
            type_url,
            tuple(name for name in names if name not in before),
            tuple(sorted(before.difference(names))),
            self._had(type_url) if first else {},
            self._to_answer.pop(type_url, ""),
            error,
        )
        if not (first or request.nonce or request.subscribe or request.unsubscribe):
            return
        if type_url == CLUSTER and self.warming:
            self._held_back.append(request)
        else:
            self.outbox.append(request)

    def _had(self, type_url: TypeUrl) -> dict[str, str]:
        held = dict(self.held[type_url])
        if type_url == CLUSTER:
            held |= self.warming
        return {name: resource.version for name, resource in sorted(held.items())}
