"""Proxies: who is not in sync, and why?"""

from collections import Counter
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from events.deliveries import Proxy
from events.types import ProxyState
from gitmesh.access.visibility import visible_proxies
from gitmesh.console import paths
from gitmesh.console.fleet.start import example_command, readable_keys
from gitmesh.console.states import OF_PROXIES, State
from gitmesh.console.visit import Answer, View, Visit
from gitmesh.queries.refusal_locations import RefusalLocation, RefusalLocations, hint
from gitmesh.service.delivery.connected import connected
from mesh.keys import ResourceKey

ROWS: Final = 100
"""Proxies of a page."""
_ORDER: Final = (
    ProxyState.REFUSED,
    ProxyState.LAST_ACCEPTED,
    ProxyState.BEHIND,
    ProxyState.HELD,
    ProxyState.NODE_REMOVED,
    ProxyState.IN_SYNC,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A proxy."""

    proxy: Proxy
    state: State
    node: ResourceKey
    locations: tuple[RefusalLocation, ...] = ()
    hint: str = ""

    @property
    def compared(self) -> str:
        """Return the address of what it has beside what is served; empty if that is the same."""
        if self.proxy.state in (ProxyState.IN_SYNC, ProxyState.HELD) or not self.proxy.commit:
            return ""
        return paths.compare_path(self.proxy.commit)


def proxies(visit: Visit) -> Answer:
    """Return the connected proxies: those that refuse or lag first."""
    wanted, page = visit.query.get("node", "").strip(), _page(visit)
    found = connected(visit.served.log_path)
    seen = visible_proxies(found.proxies, visit.caller.permission)
    counts = Counter(OF_PROXIES[proxy.state] for proxy in seen)
    chosen = visit.query.get("state", "")
    kept = [
        proxy
        for proxy in seen
        if wanted in proxy.node and chosen in ("", OF_PROXIES[proxy.state][0])
    ]
    kept.sort(key=lambda proxy: (_ORDER.index(proxy.state), proxy.node, proxy.name))
    values = {
        "paths": paths,
        "rows": _rows(visit, kept[page * ROWS : (page + 1) * ROWS]),
        "total": len(seen),
        "example": "" if seen else example_command(readable_keys(visit), visit.served.xds),
        "kept": len(kept),
        "counts": counts.most_common(),
        "node": wanted,
        "chosen": chosen,
        "server_runs": found.server_runs,
        "older": _address(visit, page + 1) if len(kept) > (page + 1) * ROWS else "",
        "newer": _address(visit, page - 1) if page else "",
    }
    return View("fleet/proxies.html", values)


def _rows(visit: Visit, found: list[Proxy]) -> list[Row]:
    locations = RefusalLocations.beside(visit.served.log, visit.served.repo)
    return [
        Row(proxy, OF_PROXIES[proxy.state], ResourceKey.parse(proxy.node))
        if proxy.refusal is None
        else Row(
            proxy,
            OF_PROXIES[proxy.state],
            ResourceKey.parse(proxy.node),
            locations.of(proxy.refusal),
            hint(proxy.refusal, visit.words),
        )
        for proxy in found
    ]


def _page(visit: Visit) -> int:
    text = visit.query.get("page", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _address(visit: Visit, page: int) -> str:
    kept = {name: visit.query[name] for name in ("node", "state") if visit.query.get(name)}
    return f"/proxies?{urlencode({**kept, 'page': page})}"
