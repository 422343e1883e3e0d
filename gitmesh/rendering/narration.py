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
from gitmesh.language import ENGLISH, Words, mark
from gitmesh.rendering.amounts import counted
from gitmesh.rendering.delivery_narration import observation
from gitmesh.rendering.delivery_narration import short as short
from gitmesh.safe_text import visible
from mesh.canonical import Json, JsonObject, canonical
from mesh.keys import Kind, ResourceKey

SHOWN_FIELDS = 3
SHOWN_VALUE_CHARS = 40
SHOWN_DROPPED: Final = 20

_KIND_WORDS = {
    Kind.MESH: mark("mesh"),
    Kind.VIRTUAL_SERVICE: mark("virtual service"),
    Kind.VIRTUAL_NODE: mark("virtual node"),
    Kind.VIRTUAL_ROUTER: mark("virtual router"),
    Kind.ROUTE: mark("route"),
    Kind.VIRTUAL_GATEWAY: mark("virtual gateway"),
    Kind.GATEWAY_ROUTE: mark("gateway route"),
    Kind.SERVICE_INSTANCES: mark("instances of"),
}


def narrate(event: Event, words: Words = ENGLISH) -> str:
    """Return an event as one line; the problems of a rejected commit follow, one per line.

    Untrusted text such as subjects, names and refusals cannot control a terminal or add a line.

    :param words: the language of the sentence; names, problems and refusals stay as they are.
    """
    return "\n".join(map(visible, _lines(event, words)))


def _lines(event: Event, words: Words) -> list[str]:
    said = _sentence(event, words)
    if isinstance(event, CommitRejected):
        more = words._("… and {number} more").format(number=event.omitted)
        return [said, *problem_lines(event.problems), *([more] if event.omitted else [])]
    if isinstance(event, PushRefused):
        return [said, *_refused_push(event, words)]
    if isinstance(event, HistoryRewritten) and event.dropped:
        return [said, dropped_words(event.dropped, words)]
    return [said]


def _refused_push(event: PushRefused, words: Words) -> list[str]:
    lines = problem_lines(event.problems)
    if event.more_problems:
        lines.append(counted(words, words._("… and {number} more"), event.more_problems))
    if event.unrecorded:
        text = words._("{number} more refused pushes of theirs before it have no event")
        lines.append(counted(words, text, event.unrecorded))
    return lines


def never_served_words(instead: CommitId) -> str:
    """Return a sentence about a commit that another commit replaced before it was served."""
    return f"applied, but never served: {short(instead)} replaced it"


def served_after_pin_words(pin: ServingPinned) -> str:
    """Return a sentence about a commit that a pin keeps from being served."""
    return f"it is served when the pin ends: {narrate(pin)}"


def dropped_words(dropped: Sequence[CommitId], words: Words = ENGLISH) -> str:
    """Return, as text, the commits that a branch lost, the newest first, up to a limit."""
    more = len(dropped) - SHOWN_DROPPED
    shown = ", ".join(map(short, dropped[:SHOWN_DROPPED]))
    beyond = counted(words, words._(", and {number} more"), more) if more > 0 else ""
    return words._("dropped: {commits}").format(commits=shown) + beyond


def _sentence(event: Event, words: Words) -> str:
    match event:
        case CommitApplied() | CommitRejected() | HistoryRewritten():
            return _commit(event, words)
        case ResourceAdded() | ResourceChanged() | ResourceRemoved() | TrafficShifted():
            return f"{resource_name(event.key, words)}: {_change(event, words)}"
        case _:
            return observation(event, words)


def resource_name(key: ResourceKey, words: Words = ENGLISH) -> str:
    """Return the short name of a resource: ``route cart/all``."""
    path = f"{key.parent}/{key.name}" if key.parent else key.name
    return f"{words._(_KIND_WORDS[key.kind])} {path}"


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


def _commit(event: CommitApplied | CommitRejected | HistoryRewritten, words: Words) -> str:
    match event:
        case CommitApplied():
            changes = words.ngettext("{number} change", "{number} changes", event.changes)
            said = words._("applied {commit}: {changes}").format(
                commit=_subject(event.facts, words),
                changes=counted(words, changes, event.changes),
            )
            return said + _warnings(event, words) + _restored(event, words)
        case CommitRejected():
            found = len(event.problems) + event.omitted
            problems = words.ngettext("{number} problem", "{number} problems", found)
            return words._("REJECTED {commit}: {problems}").format(
                commit=_subject(event.facts, words), problems=counted(words, problems, found)
            )
        case HistoryRewritten():
            lost = len(event.dropped)
            commits = words.ngettext("{number} commit dropped", "{number} commits dropped", lost)
            said = words._("history was rewritten ({topology}): {before} → {after}, {dropped}")
            return said.format(
                topology=event.topology,
                before=short(event.before),
                after=short(event.after),
                dropped=counted(words, commits, lost),
            )


def _warnings(event: CommitApplied, words: Words) -> str:
    number = len(event.warnings)
    text = words.ngettext(", {number} warning", ", {number} warnings", number)
    return counted(words, text, number) if number else ""


def _restored(event: CommitApplied, words: Words) -> str:
    said = ""
    if reverts := event.facts.reverts:
        said = words._("; reverts {commits}").format(commits=", ".join(map(short, reverts)))
    if not event.restores:
        return said
    if event.restores == event.facts.commit:
        return said + words._("; it was applied before")
    return said + words._("; restores the mesh of {commit}").format(commit=short(event.restores))


def _subject(facts: CommitFacts, words: Words) -> str:
    subject, author = facts.message.partition("\n")[0].strip(), facts.author.name
    return words._("“{subject}” by {author}").format(
        subject=subject, author=author or words._("nobody")
    )


def _change(
    event: ResourceAdded | ResourceChanged | ResourceRemoved | TrafficShifted, words: Words
) -> str:
    match event:
        case ResourceAdded() if event.path:
            return words._("added in {path}").format(path=event.path)
        case ResourceAdded():
            return words._("added")
        case ResourceRemoved():
            return words._("removed")
        case TrafficShifted():
            same = words._("weights written differently, shares unchanged")
            return shares(event.weights) or same
        case ResourceChanged():
            shown = ", ".join(_field(each, words) for each in event.fields[:SHOWN_FIELDS])
            more = len(event.fields) - SHOWN_FIELDS
            beyond = words._(", and {number} more").format(number=more)
            return shown + (beyond if more > 0 else "")


def _field(change: FieldChange, words: Words) -> str:
    where = change.where.removeprefix("$.")
    return f"{where} {_value(change.before, words)} → {_value(change.after, words)}"


def _value(value: Json, words: Words) -> str:
    text = words._("(absent)") if value is None else canonical(value)
    return text if len(text) <= SHOWN_VALUE_CHARS else text[: SHOWN_VALUE_CHARS - 1] + "…"


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.0f} %" if value == round(value) else f"{value:.1f} %"
