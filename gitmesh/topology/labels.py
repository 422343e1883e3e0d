"""Labels of edges: shares of requests and ports."""

from gitmesh.topology.live import Observed
from gitmesh.topology.model import Edge, Weight


def percent(share: float) -> str:
    """Return a share with at most one decimal: ``33.3 %``."""
    return f"{share:.1f}".removesuffix(".0") + " %"


def weight_text(weight: Weight) -> str:
    """Return the share of a target; ``100 % → 90 %`` if it differs."""
    now, before = weight.now, weight.before
    if now == before or before is None or now is None:
        share = before if now is None else now
        return "" if share is None else percent(share)
    return f"{percent(before)} → {percent(now)}"


def label(edge: Edge, seen: Observed | None = None) -> str:
    """Return the text beside an edge: its weight, its port, and what was seen on it."""
    parts = [weight_text(edge.weight)] if edge.weight else []
    parts += [f":{edge.port}"] if edge.port else []
    parts += [seen.text] if seen else []
    return " ".join(parts)
