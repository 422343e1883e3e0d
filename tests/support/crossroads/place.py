"""The running test bed: the applications, and one Envoy that is three proxies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mesh.keys import Kind, ResourceKey
from mesh.linking import link
from mesh.problems.problem import errors
from mesh.validation.document import check
from tests.support.crossroads.app import App, serving
from tests.support.crossroads.calls import Answer, Request, call
from tests.support.crossroads.conduct import Ledger
from tests.support.crossroads.entrances import ENTRANCES, entrances
from tests.support.crossroads.specs import LISTENERS, PORT, SECOND, TCP_LISTENERS, crossroads
from tests.support.envoy import running, static_bootstrap, wait_until_ready
from tests.support.loopback import free_port, loopback_address
from xds.nodes import Explicit, ProxyIdentity
from xds.translate import translate

_ADMIN = free_port()


@dataclass(frozen=True)
class Crossroads:
    """Addresses of the test bed, and calls to it."""

    web: Explicit = field(default_factory=lambda: _node())
    front: Explicit = field(default_factory=lambda: _node())
    slow: Explicit = field(default_factory=lambda: _node())
    admin: str = field(default_factory=loopback_address)
    ledger: Ledger = field(default_factory=Ledger)
    addresses: dict[str, str] = field(
        default_factory=lambda: {n: loopback_address() for n in ("one", "two", "both", "nobody")}
    )

    def call(
        self, protocol: str, service: str, request: Request, *, port: int | None = None
    ) -> Answer:
        """Call a backend as the application of ``web`` does."""
        port = PORT[protocol] if port is None else port
        asked = _named(request, f"{service}-{protocol}.local", port)
        return call(protocol, self.web.egress, port, asked)

    def enter(self, protocol: str, request: Request, *, port: int | None = None) -> Answer:
        """Call the gateway from outside."""
        port = ENTRANCES[protocol] if port is None else port
        return call(protocol, self.front.ingress, port, _named(request, "shop.example.com", port))

    @property
    def apps(self) -> list[App]:
        """Everything that listens behind the proxies."""
        slow = {port: p for (p, _), port in LISTENERS.items()}
        slow |= dict.fromkeys(TCP_LISTENERS.values(), "tcp")
        return [
            *(self._app(name, PORT[p], p) for name in ("one", "two", "both") for p in PORT),
            *(self._app("both", SECOND[p], p, "both-second") for p in PORT),
            *(
                App("slow", str(self.slow.application), port, self.ledger, p)
                for port, p in slow.items()
            ),
        ]

    def _app(self, name: str, port: int, protocol: str, called: str = "") -> App:
        return App(called or name, self.addresses[name], port, self.ledger, protocol)


def _node() -> Explicit:
    return Explicit(loopback_address(), loopback_address(), loopback_address())


def _named(request: Request, host: str, port: int) -> Request:
    return replace(request, authority=request.authority.format(host=host, port=port))


@contextmanager
def running_crossroads(folder: Path) -> Iterator[Crossroads]:
    """Run the applications and one Envoy that is all proxies, until the end of the block."""
    place = Crossroads()
    addresses = {**place.addresses, "slow": place.slow.ingress}
    graph = link([*crossroads(addresses), *entrances()])
    alone = [problem for resource in graph.resources.values() for problem in check(resource)]
    found = errors([*alone, *graph.problems])
    assert not found, "\n".join(map(str, found))
    proxies = [
        ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "web"), place.web),
        ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_NODE, "shop", "slow"), place.slow),
        ProxyIdentity(ResourceKey.of(Kind.VIRTUAL_GATEWAY, "shop", "front"), place.front),
    ]
    translated = [translate(graph, proxy) for proxy in proxies]
    config = static_bootstrap(translated, admin=(place.admin, _ADMIN))
    with serving(*place.apps), running(config, folder):
        wait_until_ready(place.admin, _ADMIN, folder)
        yield place
