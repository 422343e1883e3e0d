"""JSON shapes of pins, and of requests for a pin."""

from typing import TYPE_CHECKING, TypedDict

from events.types import ServingPinned

if TYPE_CHECKING:  # the shape of a pin is needed where none of this is
    from gitmesh.inbox.pin_note import PinNote
    from gitmesh.service.delivery.pin_request import PinAnswer


class PinShape(TypedDict):
    """A commit that is served for a limited time, instead of the branch."""

    commit: str
    by: str
    reason: str
    until: str


class PinAnswerShape(TypedDict):
    """Answer of ``pin`` and ``unpin``."""

    taken: bool
    asked: str | None
    pinned: PinShape | None
    ended: PinShape | None
    serving: str | None


class RequestedPinShape(TypedDict):
    """A request for a pin, or for its end (no commit), that waits for a server."""

    commit: str | None
    reason: str
    until: str | None


def pin_shape(pin: ServingPinned | None) -> PinShape | None:
    """Return a pin, if there is one."""
    if pin is None:
        return None
    return {"commit": pin.commit, "by": pin.by, "reason": pin.reason, "until": pin.until}


def pin_answer_shape(answer: "PinAnswer") -> PinAnswerShape:
    """Return the result of a request for a pin, or for its end."""
    return {
        "taken": answer.taken,
        "asked": answer.asked,
        "pinned": pin_shape(answer.pin),
        "ended": pin_shape(answer.ended),
        "serving": answer.serving,
    }


def requested_pin_shape(asked: "PinNote | None") -> RequestedPinShape | None:
    """Return a request that waits for a server, if there is one."""
    from gitmesh.queries.pins import until_text

    if asked is None:
        return None
    until = None if asked.until is None else until_text(asked.until)
    return {"commit": asked.commit, "reason": asked.reason, "until": until}
