"""Status of a commit as text."""

from typing import Final

import click

from events.deliveries import Delivered
from events.types import (
    CommitApplied,
    CommitId,
    CommitRejected,
)
from gitmesh.inbox.pin_note import PinNote
from gitmesh.queries.commit_status import CommitStatus, NodeStatus, Refused, Verdict
from gitmesh.queries.pins import until_text
from gitmesh.queries.refusal_locations import hint
from gitmesh.queries.requested_commit import RefusedPush
from gitmesh.rendering.delivery_narration import took_words
from gitmesh.rendering.narration import narrate, never_served_words, problem_lines, short
from gitmesh.rendering.proxies_text import states_text
from gitmesh.rendering.shell_quoting import pasted
from gitmesh.safe_text import visible

_COLOURS: Final = {
    Verdict.IN_SYNC: "green",
    Verdict.PENDING: "yellow",
    Verdict.REFUSED: "red",
    Verdict.OVERTAKEN: None,
}


def commit_status_text(found: CommitStatus) -> str:
    """Return a commit's status as lines that are safe for a terminal."""
    lines = [_head(found)]
    lines += [f"  {line}" for line in _pin(found)]
    if found.refused_push is not None:
        lines += [f"  {line}" for line in refused_push_text(found.refused_push).split("\n")[1:]]
    if isinstance(found.about, CommitRejected):
        lines += [f"  {line}" for line in problem_lines(found.about.problems)]
    lines += [f"  {line}" for line in _delivery(found)]
    for node in found.nodes:
        lines += [f"  {line}" for line in _node(node)]
    if not found.is_served:
        served = short(found.served) if found.served else "nothing"
        lines.append(f"  served now: {served}")
    lines += [
        click.style(f"since {at[:19]}Z {visible(narrate(event))}", fg="yellow")
        for at, event in found.unresponsive
    ]
    lines += [
        click.style(f"since {at[:19]}Z ", fg="yellow") + visible(narrate(event))
        for at, event in found.degraded
    ]
    return "\n".join(lines)


def _head(found: CommitStatus) -> str:
    verdict = click.style(found.verdict.value, fg=_COLOURS[found.verdict], bold=True)
    commit = click.style(visible(short(found.commit)), fg="cyan")
    if found.refused_push is not None:
        return f"{commit} {verdict}: {refused_push_text(found.refused_push).partition(chr(10))[0]}"
    if found.about is None:
        return f"{commit} {verdict}: no server has read it yet"
    # What is told of a rejected one's problems comes on lines of their own.
    return f"{commit} {verdict}: {narrate(found.about).partition(chr(10))[0]}"


def refused_push_text(found: RefusedPush) -> str:
    """Return the time and reason of a refused push; the problems follow, one per line."""
    return f"its push was refused at {found.record.at[:19]}Z: {narrate(found.event)}"


def _pin(found: CommitStatus) -> list[str]:
    """Return the pin, the branch's own commit, and how to end the pin."""
    pin, newest = found.pin, found.newest
    if pin is None:
        return []
    lines = [click.style(f"serving is {narrate(pin)}", fg="red", bold=True)]
    if found.pin_is_over:
        return [*lines, "the pin has expired: the next server to start serves the branch"]
    if newest is not None and newest != pin.commit:
        lines.append(
            f"the branch is at {short(newest)}, which is served when the pin ends, or after: "
            + pasted("gitmesh unpin")
        )
    return lines


def requested_pin_text(asked: PinNote) -> str:
    """Return the text about a request for a pin or its end that no server has processed yet."""
    why = f": {asked.reason}" if asked.reason else ""
    if asked.commit is None or asked.until is None:
        return visible(f"the end of the pin waits for a server to start{why}")
    until = f"until {until_text(asked.until)}"
    return visible(f"a pin to {short(asked.commit)} {until} waits for a server to start{why}")


def _overtaken(by: CommitId, found: CommitStatus) -> str:
    if found.pin is not None and by == found.pin.commit:
        return f"the pin to {short(by)} replaced it before all proxies had it"
    return f"{short(by)} replaced it before all proxies had it"


def _delivery(found: CommitStatus) -> list[str]:
    delivered = found.delivered
    if delivered is None:
        if isinstance(found.about, CommitApplied) and found.is_served and not found.offered:
            return ["not offered to proxies yet"]
        if found.instead is not None:
            return [never_served_words(found.instead)]
        return []
    lines = _times(delivered, found)
    if found.again is not None:
        first, *more = _times(found.again, found)
        lines += [f"served again: {first}", *more]
    return lines


def _times(delivered: Delivered, found: CommitStatus) -> list[str]:
    """Return lines with the times at which a commit was offered and acknowledged, and the
    proxies."""
    at = f"at {delivered.published_at[:23]}Z"
    if not delivered.published.proxies:
        same = delivered.published.unchanged
        said = f"{narrate(delivered.published)}," if same else "no affected proxy was connected"
        return [f"{said} {at}"]
    first = f"{narrate(delivered.published)} {at}"
    if delivered.converged is not None:
        acked = delivered.converged.timings.get("acked")
        took = "" if acked is None else took_words(acked, delivered.converged.after)
        return [first, f"all proxies had it at {(delivered.converged_at or '')[:23]}Z{took}"]
    if delivered.overtaken_by is not None:
        return [first, _overtaken(delivered.overtaken_by, found)]
    return [first, "not all proxies have it"]


def _node(node: NodeStatus) -> list[str]:
    lines = []
    if node.states:
        lines.append(f"{visible(node.node)}: {states_text(node.states)}")
    for refused in node.refusals:
        lines += refused_lines(refused)
    return lines


def refused_lines(refused: Refused) -> list[str]:
    """Return a refusal, the location of each spec that caused it, and the remedy."""
    event = refused.event
    kind = event.type_url.rpartition(".")[2]
    named = f" {', '.join(event.names)}" if event.names else ""
    places = [
        f"  {click.style(visible(each.place), bold=True)}: {visible(each.key)}"
        for each in refused.locations
    ]
    return [
        click.style(visible(f"{event.node} refuses {kind}{named}: {event.message}"), fg="red"),
        *places,
        f"  hint: {hint(event)}",
    ]
