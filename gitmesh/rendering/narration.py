"""Events as text for people. Pure."""

from collections.abc import Sequence
from typing import Final

from events.types import (
    CommitApplied,
    CommitFacts,
    CommitId,
    CommitRejected,
    Event,
    FieldChange,
    HistoryRewritten,
    PushRefused,
    ResourceAdded,
    ResourceChanged,
    ResourceRemoved,
    ServingPinned,
    TrafficShifted,
    WeightChange,
)
from gitmesh.rendering.amounts import count
from gitmesh.rendering.delivery_narration import observation
from gitmesh.rendering.delivery_narration import short as short
from gitmesh.safe_text import visible
from mesh.canonical import Json, JsonObject, canonical
from mesh.keys import Kind, ResourceKey

SHOWN_FIELDS = 3
SHOWN_VALUE_CHARS = 40
SHOWN_DROPPED: Final = 20

_KIND_WORDS = {
    Kind.MESH: "mesh",
    Kind.VIRTUAL_SERVICE: "virtual service",
    Kind.VIRTUAL_NODE: "virtual node",
    Kind.VIRTUAL_ROUTER: "virtual router",
    Kind.ROUTE: "route",
    Kind.VIRTUAL_GATEWAY: "virtual gateway",
    Kind.GATEWAY_ROUTE: "gateway route",
    Kind.SERVICE_INSTANCES: "instances of",
}


def narrate(event: Event) -> str:
    """Return an event as one line; the problems of a rejected commit follow, one per line.

    Untrusted text such as subjects, names and refusals cannot control a terminal or add a line.
    """
    return "\n".join(map(visible, _lines(event)))


def _lines(event: Event) -> list[str]:
    if isinstance(event, CommitRejected):
        more = [f"… and {event.omitted} more"] if event.omitted else []
        return [_sentence(event), *problem_lines(event.problems), *more]
    if isinstance(event, PushRefused):
        return [_sentence(event), *_refused_push(event)]
    if isinstance(event, HistoryRewritten) and event.dropped:
        return [_sentence(event), dropped_words(event.dropped)]
    return [_sentence(event)]


def _refused_push(event: PushRefused) -> list[str]:
    lines = problem_lines(event.problems)
    if event.more_problems:
        lines.append(f"… and {event.more_problems:,} more")
    if event.unrecorded:
        lines.append(f"{event.unrecorded:,} more refused pushes of theirs before it have no event")
    return lines


def never_served_words(instead: CommitId) -> str:
    """Return a sentence about a commit that another commit replaced before it was served."""
    return f"applied, but never served: {short(instead)} replaced it"


def served_after_pin_words(pin: ServingPinned) -> str:
    """Return a sentence about a commit that a pin keeps from being served."""
    return f"it is served when the pin ends: {narrate(pin)}"


def dropped_words(dropped: Sequence[CommitId]) -> str:
    """Return, as text, the commits that a branch lost, the newest first, up to a limit."""
    more = len(dropped) - SHOWN_DROPPED
    shown = ", ".join(map(short, dropped[:SHOWN_DROPPED]))
    return f"dropped: {shown}" + (f", and {more:,} more" if more > 0 else "")


def _sentence(event: Event) -> str:
    match event:
        case CommitApplied() | CommitRejected() | HistoryRewritten():
            return _commit(event)
        case ResourceAdded() | ResourceChanged() | ResourceRemoved() | TrafficShifted():
            return f"{resource_name(event.key)}: {_change(event)}"
        case _:
            return observation(event)


def resource_name(key: ResourceKey) -> str:
    """Return the short name of a resource: ``route cart/all``."""
    path = f"{key.parent}/{key.name}" if key.parent else key.name
    return f"{_KIND_WORDS[key.kind]} {path}"


def shares(weights: tuple[WeightChange, ...]) -> str:
    """Return ``cart-v2 10 % → 25 %`` for each target whose weight changed, increased weights
    first."""
    before = sum(w.before for w in weights)
    after = sum(w.after for w in weights)
    rows = [(w, _percent(w.before, before), _percent(w.after, after)) for w in weights]
    rows.sort(key=lambda row: row[0].before - row[0].after)
    return ", ".join(
        f"{w.virtual_node}{f':{w.port}' if w.port else ''} {old} → {new}"
        for w, old, new in rows
        if old != new
    )


def problem_place(problem: JsonObject) -> str:
    """Return the location of a problem: ``routes/cart.yaml:7``, a whole file, or the repository."""
    place = str(problem.get("path") or "repository")
    return f"{place}:{problem['line']}" if problem.get("line") else place


def problem_lines(problems: tuple[JsonObject, ...]) -> list[str]:
    """Return logged problems as lines, one per problem and one per hint, safe for a terminal."""
    lines = []
    for problem in problems:
        kind = f"{problem.get('severity')}[{problem.get('code')}]"
        lines.append(f"{problem_place(problem)}: {kind}: {problem.get('message')}")
        if problem.get("hint"):
            lines.append(f"  hint: {problem['hint']}")
    return [visible(line) for line in lines]


def _commit(event: CommitApplied | CommitRejected | HistoryRewritten) -> str:
    match event:
        case CommitApplied():
            restored = _restored(event)
            if event.facts.reverts:
                restored = f"; reverts {', '.join(map(short, event.facts.reverts))}{restored}"
            warned = f", {count(len(event.warnings), 'warning')}" if event.warnings else ""
            changed = count(event.changes, "change")
            return f"applied {_subject(event.facts)}: {changed}{warned}{restored}"
        case CommitRejected():
            found = len(event.problems) + event.omitted
            return f"REJECTED {_subject(event.facts)}: {count(found, 'problem')}"
        case HistoryRewritten():
            return (
                f"history was rewritten ({event.topology}): {short(event.before)} → "
                f"{short(event.after)}, {count(len(event.dropped), 'commit')} dropped"
            )


def _restored(event: CommitApplied) -> str:
    if not event.restores:
        return ""
    if event.restores == event.facts.commit:
        return "; it was applied before"
    return f"; restores the mesh of {short(event.restores)}"


def _subject(facts: CommitFacts) -> str:
    return f"“{facts.message.partition(chr(10))[0].strip()}” by {facts.author.name or 'nobody'}"


def _change(
    event: ResourceAdded | ResourceChanged | ResourceRemoved | TrafficShifted,
) -> str:
    match event:
        case ResourceAdded():
            return f"added in {event.path}" if event.path else "added"
        case ResourceRemoved():
            return "removed"
        case TrafficShifted():
            return shares(event.weights) or "weights written differently, shares unchanged"
        case ResourceChanged():
            shown = ", ".join(map(_field, event.fields[:SHOWN_FIELDS]))
            more = len(event.fields) - SHOWN_FIELDS
            return shown + (f", and {more} more" if more > 0 else "")


def _field(change: FieldChange) -> str:
    where = change.where.removeprefix("$.")
    return f"{where} {_value(change.before)} → {_value(change.after)}"


def _value(value: Json) -> str:
    text = "(absent)" if value is None else canonical(value)
    return text if len(text) <= SHOWN_VALUE_CHARS else text[: SHOWN_VALUE_CHARS - 1] + "…"


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.0f} %" if value == round(value) else f"{value:.1f} %"
