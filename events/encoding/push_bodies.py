"""The shape of the data of events about pushes: see :mod:`events.encoding.bodies`."""

from collections.abc import Mapping
from typing import Any

from events.positions import CommitId
from events.push_types import PushReceived, PushRefused
from mesh.canonical import JsonObject

Data = Mapping[str, Any]


def dump_push(e: PushReceived) -> JsonObject:
    """Return the data of a push."""
    return {
        "before": e.before,
        "pusher": e.pusher,
        "via": e.via,
        "account": e.account,
        "claimed": e.claimed,
        "options": list(e.options),
        "omitted": e.omitted,
    }


def load_push(ref: str, commit: CommitId, data: Data) -> PushReceived:
    """Return the push in an event's data; ``commit`` is the new position of the branch."""
    before = data["before"]
    return PushReceived(
        ref,
        commit,
        None if before is None else CommitId(before),
        data["pusher"],
        data["via"],
        data["account"],
        data["claimed"],
        tuple(data["options"]),
        data["omitted"],
    )


def dump_refused_push(e: PushRefused) -> JsonObject:
    """Return the data of a refused push."""
    return {
        "before": e.before,
        "pusher": e.pusher,
        "via": e.via,
        "account": e.account,
        "claimed": e.claimed,
        "options": list(e.options),
        "omitted": e.omitted,
        "reason": e.reason,
        "commits": list(e.commits),
        "problems": list(e.problems),
        "moreProblems": e.more_problems,
        "unrecorded": e.unrecorded,
    }


def load_refused_push(ref: str, commit: CommitId, data: Data) -> PushRefused:
    """Return the refused push in an event's data."""
    before = data["before"]
    return PushRefused(
        ref,
        commit,
        None if before is None else CommitId(before),
        data["pusher"],
        data["via"],
        data["account"],
        data["claimed"],
        tuple(data["options"]),
        data["omitted"],
        data["reason"],
        tuple(map(CommitId, data["commits"])),
        tuple(data["problems"]),
        data["moreProblems"],
        data["unrecorded"],
    )
