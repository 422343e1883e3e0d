"""Declaration of the current validation rules in the log."""

from importlib.metadata import version
from typing import Final, cast

from events.encoding.codec import decode
from events.query import Query
from events.store import EventReader, EventStore
from events.types import Chain, RulesChanged
from reconciler import rules
from reconciler.rules import FIRST, Stretch, stretches

_ASKED: Final = Query(kinds=("RulesChanged",))


def declare(log: EventStore) -> None:
    """Log that this version's rules decide from now on, unless the log says so already.

    The writer calls this before it decides about a commit.
    """
    last = log.select(Chain.DELIVERY, _ASKED, newest=1)
    before = cast("RulesChanged", decode(last[0])).after if last else FIRST
    if before != rules.RULES:
        head = log.head(Chain.MESH).seq
        log.append_observed([RulesChanged(before, rules.RULES, head, version("gitmesh"))])


def declared(log: EventReader) -> list[Stretch]:
    """Return the stretches of the mesh chain by rules, in order; at least one, the last one open.

    :raises WrongRules: the declarations contradict each other.
    """
    head = log.head(Chain.MESH).seq
    records = log.select(Chain.DELIVERY, _ASKED)
    changes = [(record.seq, cast("RulesChanged", decode(record))) for record in records]
    return stretches(changes, head)
