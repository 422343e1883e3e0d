"""Resources as they are served: serialised once, compared by content, shared by all who hold them.

Everything here comes out of a :class:`Pool`, which keeps one object for equal content. So equality
is identity: nobody compares bytes twice, and a thousand proxies with one configuration hold one.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from weakref import WeakValueDictionary

from xds.type_urls import TypeUrl
from xds.wire.references import Reference, references
from xds.wire.response import resource_field, response_body

V = TypeVar("V")

_MEMOS: Final = 32
"""How many bodies and unions a set remembers; a client may ask for any selection of names."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Encoded:
    """One resource, serialised. Equal content is the same object."""

    type_url: TypeUrl
    name: str
    version: str
    """The first 16 hex digits of the SHA-256 of the serialised resource."""
    entry: bytes = field(repr=False)
    """The resource as an entry of ``DiscoveryResponse.resources``."""
    needs: frozenset[Reference] = field(repr=False)
    """The resources it names, and cannot work without."""


Selection = tuple[Encoded, ...]
"""Some resources of one type, sorted by name."""


class ResourceSet:
    """All resources of one type that a proxy may ask for. Equal content is the same object."""

    __slots__ = (
        "__weakref__",
        "_bodies",
        "_pool",
        "_unions",
        "all",
        "by_name",
        "type_url",
        "version",
    )

    def __init__(self, pool: "Pool", type_url: TypeUrl, version: str, resources: Selection) -> None:
        self.type_url = type_url
        self.version = version
        """Differs when any resource of the set differs, in whatever process it is computed."""
        self.all = resources
        self.by_name: Mapping[str, Encoded] = {resource.name: resource for resource in resources}
        self._pool = pool
        self._bodies: dict[Selection, bytes] = {}
        self._unions: dict[Selection, ResourceSet] = {}

    def pick(self, names: Iterable[str]) -> Selection:
        """Return those of the named resources that exist; ``names`` come sorted."""
        get = self.by_name.get
        return tuple(resource for name in names if (resource := get(name)) is not None)

    def body(self, selection: Selection) -> bytes:
        """Return the response that carries these resources, but for its nonce and control plane."""
        body = self._bodies.get(selection)
        if body is None:
            parts = (resource.entry for resource in selection)
            body = response_body(self.type_url, self.version, parts)
            _remember(self._bodies, selection, body)
        return body

    def plus(self, extra: Selection) -> "ResourceSet":
        """Return the set with more resources; of two with one name, this set's own stays."""
        extra = tuple(resource for resource in extra if resource.name not in self.by_name)
        if not extra:
            return self
        union = self._unions.get(extra)
        if union is None:
            union = self._pool.collect(self.type_url, (*self.all, *extra))
            _remember(self._unions, extra, union)
        return union

    def __repr__(self) -> str:
        return f"ResourceSet({self.type_url!r}, {self.version!r}, {list(self.by_name)})"


def _remember(memo: dict[Selection, V], key: Selection, value: V) -> None:
    if len(memo) >= _MEMOS:
        memo.clear()
    memo[key] = value


class Pool:
    """Keeps one object for equal content, and recent sets alive for those who come back to them.

    A revert gets the very objects that were served before, as long as they are among the last
    ``recent_bytes`` that were used; a proxy that reconnects is recognised by the version it has.
    """

    def __init__(self, recent_bytes: int = 64 << 20) -> None:
        self._resources: WeakValueDictionary[tuple[TypeUrl, bytes], Encoded] = WeakValueDictionary()
        self._sets: WeakValueDictionary[tuple[TypeUrl, bytes], ResourceSet] = WeakValueDictionary()
        self._by_version: WeakValueDictionary[tuple[TypeUrl, str], ResourceSet]
        self._by_version = WeakValueDictionary()
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
        return known

    def collect(self, type_url: TypeUrl, resources: Iterable[Encoded]) -> ResourceSet:
        """Return the set of these resources, whose names must differ."""
        ordered = tuple(sorted(resources, key=lambda resource: resource.name))
        hasher = hashlib.sha256()
        for resource in ordered:
            hasher.update(resource.entry)
        digest = hasher.digest()
        known = self._sets.get((type_url, digest))
        if known is None:
            known = ResourceSet(self, type_url, digest.hex()[:16], ordered)
            self._sets[type_url, digest] = known
            self._by_version[type_url, known.version] = known
        self._touch(known)
        return known

    def recall(self, type_url: TypeUrl, version: str) -> ResourceSet | None:
        """Return the set that had this version, if it is still known."""
        return self._by_version.get((type_url, version))

    def _touch(self, used: ResourceSet) -> None:
        if used in self._recent:
            self._recent.move_to_end(used)
            return
        size = sum(len(resource.entry) for resource in used.all)
        self._recent[used] = size
        self._room -= size
        while self._room < 0 and len(self._recent) > 1:
            _, freed = self._recent.popitem(last=False)
            self._room += freed
