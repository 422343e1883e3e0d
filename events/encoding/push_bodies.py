"""The data of events about pushes; see :mod:`events.encoding.bodies`."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from events.encoding.body import Body, Data
from events.types.positions import CommitId
from events.types.push import Push, PushReceived, PushRefused
from mesh.canonical import JsonObject

_Fields: TypeAlias = tuple[CommitId | None, str, str, str, str, tuple[str, ...], int]
"""Fields of a push besides its ref and the ref's new position."""


def _dump(e: Push) -> JsonObject:
    return {
        "before": e.before,
        "pusher": e.pusher,
        "via": e.via,
        "account": e.account,
        "claimed": e.claimed,
        "options": list(e.options),
        "omitted": e.omitted,
    }


def _load(data: Data) -> _Fields:
    before = data["before"]
    return (
        None if before is None else CommitId(before),
        data["pusher"],
        data["via"],
        data["account"],
        data["claimed"],
        tuple(data["options"]),
        data["omitted"],
    )


def _dump_refused(e: PushRefused) -> JsonObject:
    return {
        **_dump(e),
        "reason": e.reason,
        "commits": list(e.commits),
        "problems": list(e.problems),
        "moreProblems": e.more_problems,
        "unrecorded": e.unrecorded,
    }


def _load_refused(ref: str, commit: CommitId, data: Data) -> PushRefused:
    return PushRefused(
        ref,
        commit,
        *_load(data),
        data["reason"],
        tuple(map(CommitId, data["commits"])),
        tuple(data["problems"]),
        data["moreProblems"],
        data["unrecorded"],
    )


PUSH_BODIES: Final[Mapping[str, Body]] = {
    "PushReceived": Body(
        PushReceived, 1, _dump, lambda ref, commit, d: PushReceived(ref, commit, *_load(d))
    ),
    "PushRefused": Body(PushRefused, 1, _dump_refused, _load_refused),
}
