"""Serialised resources: encoded once, compared by content, shared by all streams.

All objects come from a :class:`Pool`, which keeps one object per content. So equality is identity:
bytes are compared once, and a thousand proxies with equal configuration share one object.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from xds.type_urls import CLUSTER, ENDPOINT, TypeUrl
from xds.wire.identity_cache import IdentityCache
from xds.wire.references import Reference, references
from xds.wire.response import delta_body, delta_resource_field, resource_field, response_body

K = TypeVar("K")
V = TypeVar("V")

_MEMOS: Final = 32
"""Maximum cached bodies and unions per set; a client may subscribe to any selection of names."""
_MOST_STRANGE: Final = 256
"""Maximum number of nonexistent names that a set remembers. Clients can invent names, and the set
remembers them longer than their streams live."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Encoded:
    """One serialised resource. Equal content is the same object."""

    type_url: TypeUrl
    name: str
    version: str
    """The first 16 hex digits of the SHA-256 of the serialised resource."""
    entry: bytes = field(repr=False)
    """The resource as an entry of ``DiscoveryResponse.resources``."""
    needs: frozenset[Reference] = field(repr=False)
    """The resources that it refers to and requires."""

    @property
    def is_unknown(self) -> bool:
        """True if only name and version are known, because a client claims to hold the resource.

        Such a resource can be left on that client; it cannot be sent.
        """
        return not self.entry


def unknown_resource(type_url: TypeUrl, name: str) -> Encoded:
    """Return a placeholder for a resource that a client has from elsewhere.

    Only its name and the claimed version are known; the version is unknown to this server.
    """
    # It is assumed that a cluster has its endpoints under its own name, as all of ours have.
    needs = frozenset({(ENDPOINT, name)} if type_url == CLUSTER else ())
    return Encoded(type_url, name, "", b"", needs)


Selection = tuple[Encoded, ...]
"""Resources of one type, sorted by name."""


class WrittenPart(NamedTuple):
    """A part of a translation, serialised."""

    selections: Mapping[TypeUrl, Selection]
    dangling: frozenset[Reference]
    """The resources that the part requires and does not contain."""
    joined: dict[TypeUrl, tuple[Selection, "ResourceSet"]]
    """The last set of each type that this part and another part made, with the other's resources.
    """


Held = Mapping[str, Encoded]
"""Resources of one type by name. Mappings are never changed, so they are shared and compared by
identity."""


_name: Final = attrgetter("name")


class View:
    """The part of a set that one client subscribes to. Equal subscriptions share one object."""

    __slots__ = ("_since", "all", "by_name", "missing")

    def __init__(self, resources: Selection, by_name: Held, missing: tuple[str, ...]) -> None:
        self.all = resources
        self.by_name = by_name
        self.missing = missing
        """Subscribed names without a resource in the set, sorted."""
        self._since: dict[int, tuple[Held, Selection, tuple[str, ...]]] = {}

    def since(self, held: Held) -> tuple[Selection, tuple[str, ...]]:
        """Return the resources that are new or changed compared with ``held``, and the names of
        removed ones.

        Both are sorted. Streams with the same ``held`` mapping share the result.
        """
        known = self._since.get(id(held))
        if known is None or known[0] is not held:
            changed = tuple(r for r in self.all if held.get(r.name) is not r and not r.is_unknown)
            gone = tuple(sorted(name for name in held if name not in self.by_name))
            known = (held, changed, gone)
            if not any(resource.is_unknown for resource in held.values()):
                _remember(self._since, id(held), known)
        return known[1], known[2]


class ResourceSet:
    """All resources of one type in a snapshot. Equal content is the same object."""

    __slots__ = (
        "__weakref__",
        "_bodies",
        "_delta_bodies",
        "_pool",
        "_unions",
        "_views",
        "all",
        "by_name",
        "type_url",
        "version",
    )

    def __init__(
        self, pool: "Pool | None", type_url: TypeUrl, version: str, resources: Selection
    ) -> None:
        """Create a set; a set that is always empty needs no pool."""
        self.type_url = type_url
        self.version = version
        """Content version of the set: it differs if any resource differs, in every process."""
        self.all = resources
        self.by_name: Mapping[str, Encoded] = {resource.name: resource for resource in resources}
        self._pool = pool
        self._bodies: dict[tuple[Selection, tuple[str, ...]], bytes] = {}
        self._delta_bodies: dict[tuple[Selection, tuple[str, ...], tuple[str, ...]], bytes] = {}
        self._unions: dict[Selection, ResourceSet] = {}
        self._views: dict[tuple[bool, tuple[str, ...]], View] = {}

    def view(self, names: tuple[str, ...] = (), *, wildcard: bool = False) -> View:
        """Return the view of a client that subscribes to these sorted names, or to everything."""
        view = self._views.get((wildcard, names))
        if view is None:
            missing = tuple(name for name in names if name not in self.by_name)
            if wildcard:
                view = View(self.all, self.by_name, missing)
            else:
                picked = {name: self.by_name[name] for name in names if name in self.by_name}
                view = View(tuple(picked.values()), picked, missing)
            if len(missing) <= _MOST_STRANGE:
                _remember(self._views, (wildcard, names), view)
        return view

    def body(self, selection: Selection, missing: tuple[str, ...] = ()) -> bytes:
        """Return the body of a response with these resources, without nonce and control plane.

        ``missing`` are names reported as nonexistent.
        """
        body = self._bodies.get((selection, missing))
        if body is None:
            parts = (resource.entry for resource in selection)
            body = response_body(self.type_url, self.version, parts, missing)
            if len(missing) <= _MOST_STRANGE:
                _remember(self._bodies, (selection, missing), body)
        return body

    def delta_body(
        self, changed: Selection, removed: tuple[str, ...], missing: tuple[str, ...] = ()
    ) -> bytes:
        """Return the body of a delta response, without nonce and control plane."""
        key = (changed, removed, missing)
        body = self._delta_bodies.get(key)
        if body is None:
            parts = (delta_resource_field(r.name, r.version, r.entry) for r in changed)
            body = delta_body(self.type_url, self.version, parts, removed, missing)
            if len(removed) + len(missing) <= _MOST_STRANGE + len(self.all):
                _remember(self._delta_bodies, key, body)
        return body

    def plus(self, extra: Selection) -> "ResourceSet":
        """Return the set with additional resources; a name that the set already has keeps its
        resource."""
        extra = tuple(resource for resource in extra if resource.name not in self.by_name)
        if not extra or self._pool is None:
            return self
        union = self._unions.get(extra)
        if union is None:
            union = self._pool.collect(self.type_url, (*self.all, *extra))
            if not any(resource.is_unknown for resource in extra):
                _remember(self._unions, extra, union)
        return union

    def __repr__(self) -> str:
        return f"ResourceSet({self.type_url!r}, {self.version!r}, {list(self.by_name)})"


def _remember(memo: dict[K, V], key: K, value: V) -> None:
    if len(memo) >= _MEMOS:
        memo.clear()
    memo[key] = value


class Pool:
    """Pool of resources and sets: one object per content; recently used sets are kept.

    After a revert, the objects that were served before are used again, if they are among the last
    ``recent_bytes`` used. The version that a reconnecting client holds is looked up here.
    """

    def __init__(self, recent_bytes: int = 64 << 20) -> None:
        self._resources: WeakValueDictionary[tuple[TypeUrl, bytes], Encoded] = WeakValueDictionary()
        self._sets: WeakValueDictionary[tuple[TypeUrl, Selection], ResourceSet]
        self._sets = WeakValueDictionary()
        self._by_version: WeakValueDictionary[tuple[TypeUrl, str], ResourceSet]
        self._by_version = WeakValueDictionary()
        self._of_version: WeakValueDictionary[tuple[TypeUrl, str, str], Encoded]
        self._of_version = WeakValueDictionary()
        self._unknown: WeakValueDictionary[tuple[TypeUrl, str], Encoded] = WeakValueDictionary()
        self.written = IdentityCache[object, Encoded]()
        """Serialised resources by message object, because many proxies share a message."""
        self.parts = IdentityCache[object, WrittenPart]()
        """Serialised parts of translations, by part."""
        self._recent: OrderedDict[ResourceSet, int] = OrderedDict()
        self._room = recent_bytes

    def resource(self, type_url: TypeUrl, name: str, message: bytes) -> Encoded:
        """Return the resource with this content."""
        digest = hashlib.sha256(message).digest()
        known = self._resources.get((type_url, digest))
        if known is None:
            packed = resource_field(type_url, message)
            needs = references(type_url, message)
            known = Encoded(type_url, name, digest.hex()[:16], packed, needs)
            self._resources[type_url, digest] = known
            self._of_version[type_url, name, known.version] = known
        return known

    def unknown_resource(self, type_url: TypeUrl, name: str) -> Encoded:
        """Return the placeholder for a resource with this name that a client has from elsewhere.

        All clients that claim it share one object, as long as one of them claims it.
        """
        known = self._unknown.get((type_url, name))
        if known is None:
            known = self._unknown[type_url, name] = unknown_resource(type_url, name)
        return known

    def collect(self, type_url: TypeUrl, resources: Iterable[Encoded]) -> ResourceSet:
        """Return the set of these resources.

        :raises ValueError: two of them have the same name.
        """
        return self.ordered(type_url, tuple(sorted(resources, key=_name)))

    def ordered(self, type_url: TypeUrl, resources: Selection) -> ResourceSet:
        """Return the set of these resources, which are sorted by name.

        :raises ValueError: two of them have the same name.
        """
        # Equal resources are the same object, so the tuple is as good as a hash of their content.
        known = self._sets.get((type_url, resources))
        if known is None:
            known = ResourceSet(self, type_url, _version(resources), resources)
            if len(known.by_name) < len(resources):
                raise ValueError(f"two resources of {type_url} have one name")
            self._sets[type_url, resources] = known
            self._by_version[type_url, known.version] = known
        self.touch(known)
        return known

    def touch(self, used: ResourceSet) -> None:
        """Record that a set is used now."""
        if used in self._recent:
            self._recent.move_to_end(used)
        # Resources that only a client claims to have are not pooled: they live as long as its
        # stream.
        elif not any(resource.is_unknown for resource in used.all):
            self._keep(used)

    def recall(self, type_url: TypeUrl, version: str) -> ResourceSet | None:
        """Return the set with this version, if it is still known."""
        return self._by_version.get((type_url, version))

    def recall_one(self, type_url: TypeUrl, name: str, version: str) -> Encoded | None:
        """Return the resource with this version, if it is still known."""
        return self._of_version.get((type_url, name, version))

    def _keep(self, used: ResourceSet) -> None:
        size = sum(len(resource.entry) for resource in used.all)
        self._recent[used] = size
        self._room -= size
        while self._room < 0 and len(self._recent) > 1:
            _, freed = self._recent.popitem(last=False)
            self._room += freed


def _version(resources: Selection) -> str:
    hasher = hashlib.sha256()
    for resource in resources:
        hasher.update(resource.entry or f"{resource.name}\0{resource.version}\0".encode())
    return hasher.hexdigest()[:16]
