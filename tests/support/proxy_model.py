"""Model of an xDS client: its resources, its requests, and whether it could serve traffic.

It behaves as Envoy in all that matters to the server: a changed cluster keeps its previous version
until endpoints arrive that were sent after it. Clusters are acknowledged (and subscribed on a new
stream) only when all of them are warm. Listeners are subscribed once the first clusters are warm,
and routes by the names in listeners.
"""

from collections import deque
from dataclasses import dataclass, field

from xds.protocol.response import Response
from xds.snapshots.resources import Encoded, ResourceSet
from xds.type_urls import CLUSTER, ENDPOINT, LISTENER, ROUTE, WHOLE, TypeUrl
from xds.wire.decode import DeltaDiscoveryRequest, DiscoveryRequest, ErrorDetail
from xds.wire.fields import fields
from xds.wire.varint import delimited

TYPES = (CLUSTER, ENDPOINT, LISTENER, ROUTE)


class Contents:
    """Lookup of the resources by their bytes on the wire."""

    def __init__(self) -> None:
        self.by_entry: dict[bytes, Encoded] = {}

    def learn(self, resources: ResourceSet) -> None:
        """Remember the resources of a set."""
        self.by_entry.update((resource.entry, resource) for resource in resources.all)

    def of(self, response: Response) -> list[Encoded]:
        """Return the resources in a response."""
        body = response.body
        return [
            self.by_entry[delimited(2, body[a:b])]
            for key, a, b in fields(body)
            if key == 2 << 3 | 2
        ]


@dataclass
class ProxyModel:
    """State of a proxy, and its requests that the server has not read yet."""

    contents: Contents
    bad: frozenset[Encoded] = frozenset()
    """Resources that this proxy refuses."""
    held: dict[TypeUrl, dict[str, Encoded]] = field(
        default_factory=lambda: {type_url: {} for type_url in TYPES}
    )
    """Resources in use; of clusters, the warm ones."""
    warming: dict[str, Encoded] = field(default_factory=dict)
    draining: set[str] = field(default_factory=set)
    """Routes of listeners that were replaced, in use until their connections have ended."""
    given_up: int = 0
    """Number of clusters that became warm without endpoints, after ``initial_fetch_timeout``."""
    outbox: deque[DiscoveryRequest | DeltaDiscoveryRequest] = field(default_factory=deque)
    refusals: list[tuple[TypeUrl, tuple[Encoded, ...]]] = field(default_factory=list)
    _versions: dict[TypeUrl, str] = field(default_factory=dict)
    _nonces: dict[TypeUrl, str] = field(default_factory=dict)
    _asked: dict[TypeUrl, tuple[str, ...]] = field(default_factory=dict)
    _held_back: list[DiscoveryRequest | DeltaDiscoveryRequest] = field(default_factory=list)

    def connect(self) -> None:
        """Open a stream: subscribe to everything that is known to be needed."""
        self.outbox.clear()
        self._held_back.clear()
        self._nonces.clear()
        self._asked.clear()
        if not self.warming:
            self._ask(CLUSTER, ())
        if names := self._names(ENDPOINT):
            self._ask(ENDPOINT, names)
        if LISTENER in self._versions or (CLUSTER in self._versions and not self.warming):
            self._ask(LISTENER, ())
        if names := self._names(ROUTE):
            self._ask(ROUTE, names)

    def read(self, response: Response) -> None:
        """Process a response."""
        type_url, resources = response.type_url, self.contents.of(response)
        assert len({resource.name for resource in resources}) == len(resources), "a name twice"
        self._nonces[type_url] = response.nonce
        if not self.bad.isdisjoint(resources):
            self.refusals.append((type_url, tuple(resources)))
            self._ask(type_url, self._asked[type_url], ErrorDetail(3, "no"))
            return
        self._versions[type_url] = response.version
        self._apply(type_url, resources)
        self._ask(type_url, self._names(type_url))
        self._follow_up()

    def give_up_waiting(self) -> None:
        """Let the timeout for endpoints expire."""
        self.given_up += len(self.warming)
        self.held[CLUSTER].update(self.warming)
        self.warming.clear()
        self._follow_up()

    def end_draining(self) -> None:
        """End the connections of replaced listeners."""
        if self.draining:
            self.draining.clear()
            self._forget_routes()
            self._follow_up()

    def unserved(self) -> set[str]:
        """Return the clusters in routes in use that could not serve a request."""
        needed = {
            name
            for routes in self.held[ROUTE].values()
            for type_url, name in routes.needs
            if type_url == CLUSTER
        }
        return needed - self.held[CLUSTER].keys()

    # ---- inside ----------------------------------------------------------------------------------

    def _apply(self, type_url: TypeUrl, resources: list[Encoded]) -> None:
        new = {resource.name: resource for resource in resources}
        held = self.held[type_url]
        if type_url == CLUSTER:
            self._apply_clusters(new)
        elif type_url in WHOLE:
            self.draining |= self.held[ROUTE].keys()
            self.held[type_url] = new
            self.draining -= set(self._names(ROUTE, draining=False))
        else:
            held.update((name, new[name]) for name in new if name in self._names(type_url))
        if type_url == ENDPOINT:
            for name in new.keys() & self.warming.keys():
                self.held[CLUSTER][name] = self.warming.pop(name)
        if type_url == LISTENER:
            self._forget_routes()

    def _forget_routes(self) -> None:
        routes = self.held[ROUTE]
        self.held[ROUTE] = {n: routes[n] for n in self._names(ROUTE) if n in routes}

    def _apply_clusters(self, new: dict[str, Encoded]) -> None:
        active = self.held[CLUSTER]
        for gone in (active.keys() | self.warming.keys()) - new.keys():
            active.pop(gone, None)
            self.warming.pop(gone, None)
        for name, cluster in new.items():
            if active.get(name) is cluster or self.warming.get(name) is cluster:
                continue
            if cluster.needs:
                self.warming[name] = cluster
            else:
                active[name] = cluster
                self.warming.pop(name, None)
        endpoints = self.held[ENDPOINT]
        self.held[ENDPOINT] = {n: endpoints[n] for n in self._names(ENDPOINT) if n in endpoints}

    def _names(self, type_url: TypeUrl, *, draining: bool = True) -> tuple[str, ...]:
        if type_url in WHOLE:
            return ()
        parents = [*self.held[LISTENER].values()]
        if type_url == ENDPOINT:
            parents = [*self.held[CLUSTER].values(), *self.warming.values()]
        names = {n for p in parents for t, n in p.needs if t == type_url}
        return tuple(sorted(names | (self.draining if type_url == ROUTE and draining else set())))

    def _follow_up(self) -> None:
        """Subscribe to what is needed now, and send the requests that waited."""
        for type_url in (ENDPOINT, ROUTE):
            names = self._names(type_url)
            if names != self._asked.get(type_url, ()):
                self._ask(type_url, names)
        if not self.warming:
            if CLUSTER in self._versions and LISTENER not in self._asked:
                self._ask(LISTENER, ())
            self.outbox.extend(self._held_back)
            self._held_back.clear()
            if CLUSTER not in self._asked:
                self._ask(CLUSTER, ())

    def _ask(
        self, type_url: TypeUrl, names: tuple[str, ...], error: ErrorDetail | None = None
    ) -> None:
        self._asked[type_url] = names
        request = DiscoveryRequest(
            type_url,
            self._versions.get(type_url, ""),
            names,
            self._nonces.get(type_url, ""),
            error,
        )
        if type_url == CLUSTER and self.warming:
            self._held_back = [request]
        else:
            self.outbox.append(request)
