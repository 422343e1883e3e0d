"""Connected proxies as text: one line per proxy, with its state in words."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import click

from events.deliveries import Proxy
from events.types import ProxyState
from gitmesh.rendering.narration import short
from gitmesh.safe_text import visible

STATES: Final = {
    ProxyState.IN_SYNC: "in sync",
    ProxyState.BEHIND: "behind",
    ProxyState.REFUSED: "refusing",
    ProxyState.LAST_ACCEPTED: "served the last accepted snapshot",
    ProxyState.HELD: "held: its node does not exist yet",
    ProxyState.NODE_REMOVED: "running on: its node was removed from the mesh",
}
"""Proxy states as text."""
_STATE_COLOURS: Final = {
    ProxyState.IN_SYNC: "green",
    ProxyState.REFUSED: "red",
    ProxyState.LAST_ACCEPTED: "red",
}


def proxies_text(proxies: Iterable[Proxy]) -> str:
    """Return proxies as lines, grouped by node; empty if there are none."""
    lines, node = [], None
    for proxy in proxies:
        if proxy.node != node:
            node = proxy.node
            lines.append(click.style(visible(node), bold=True))
        words = click.style(STATES[proxy.state], fg=_STATE_COLOURS.get(proxy.state, "yellow"))
        by = f" with {visible(short(proxy.commit))}" if proxy.commit else ""
        by = "" if proxy.state in (ProxyState.HELD, ProxyState.NODE_REMOVED) else by
        about = f"{visible(proxy.name)}  {visible(proxy.version) or 'unknown'}"
        lines.append(f"  {about}  since {proxy.connected_at[:19]}Z  {words}{by}")
        if proxy.refusal is not None:
            kind = proxy.refusal.type_url.rpartition(".")[2]
            words = f"{kind} of {short(proxy.refusal.commit)}: {proxy.refusal.message}"
            lines.append(f"    refused {visible(words)}")
    return "".join(f"{line}\n" for line in lines)


def states_text(states: Counter[ProxyState]) -> str:
    """Return ``3 in sync, 1 behind``."""
    return ", ".join(
        f"{states[state]:,} {words}" for state, words in STATES.items() if states[state]
    )
