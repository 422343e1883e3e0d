"""The few words for states, which are the same on all pages. Pure."""

from typing import Final

from events.types import ProxyState
from gitmesh.console.web.localisation import mark
from gitmesh.queries.commit_status import CommitStatus, Verdict

State = tuple[str, str]
"""Name of a state's shape and colour, and its word, marked for translation."""

IN_SYNC: Final = ("in-sync", mark("in sync"))
ROLLING_OUT: Final = ("rolling-out", mark("rolling out"))
REFUSED: Final = ("refused", mark("refused"))
HELD_BACK: Final = ("held-back", mark("held back"))
PINNED: Final = ("pinned", mark("pinned"))
UNREACHABLE: Final = ("unreachable", mark("unreachable"))
UNKNOWN: Final = ("unknown", mark("unknown"))
REPLACED: Final = ("unknown", mark("replaced"))

OF_PROXIES: Final[dict[ProxyState, State]] = {
    ProxyState.IN_SYNC: IN_SYNC,
    ProxyState.BEHIND: ROLLING_OUT,
    ProxyState.REFUSED: REFUSED,
    ProxyState.LAST_ACCEPTED: HELD_BACK,
    ProxyState.HELD: UNKNOWN,
    ProxyState.NODE_REMOVED: UNKNOWN,
}


def verdict_state(status: CommitStatus) -> State:
    """Return the state of a commit."""
    if status.waits:
        return HELD_BACK
    if status.pin is not None and status.pin.commit == status.commit:
        return PINNED
    match status.verdict:
        case Verdict.IN_SYNC:
            return IN_SYNC
        case Verdict.PENDING:
            return ROLLING_OUT
        case Verdict.REFUSED:
            return REFUSED
        case Verdict.OVERTAKEN:
            return REPLACED
