"""Answers to reads that were given before, while the log has not grown since.

Nobody waits for a thread to get one. An answer belongs to the request's path and query and to the
permission of its caller, so nobody gets what was read for somebody with other permissions. Who
calls is found out before, for every request. To be used from the event loop only.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from events.logged_commits import LoggedCommits
from events.types import Seq
from gitmesh.access.caller import Caller
from gitmesh.access.permission import Permission
from gitmesh.api.calls import Call
from gitmesh.api.operations import Action
from gitmesh.api.signature import SignedRequest

MOST_BYTES: Final = 16 * 1024 * 1024
_READS: Final = (Action.DESCRIBE, Action.LIST)
_OURS: Final = "x-gitmesh-"
_OVERHEAD: Final = 512
"""Bytes that an answer takes in memory beside its body, its path and its query."""

_Key = tuple[str, str, Permission]


@dataclass(frozen=True, slots=True)
class Remembered:
    """The body of an answer, and the operation that it answers."""

    operation: str
    body: bytes


class RememberedAnswers:
    """Answers at one position of the mesh chain, within a bound of memory."""

    def __init__(self, logged: LoggedCommits) -> None:
        self._logged = logged
        self._at: Seq | None = None
        self._found: OrderedDict[_Key, Remembered] = OrderedDict()
        self._bytes = 0

    @property
    def position(self) -> Seq | None:
        """The position that an answer which is computed from now on may be kept for."""
        return self._logged.seq

    def get(self, request: SignedRequest, caller: Caller) -> Remembered | None:
        """Return the answer that this request would get now, if it is known."""
        if request.method != "GET" or self._logged.seq is None or self._logged.seq != self._at:
            return None
        if any(name.startswith(_OURS) for name, _ in request.headers):
            return None  # it asks for more than the answer
        return self._found.get((request.raw_path, request.raw_query, caller.permission))

    def put(
        self, at: Seq | None, request: SignedRequest, caller: Caller, call: Call, body: bytes
    ) -> None:
        """Keep an answer, unless the log has grown since ``at``."""
        if at is None or at != self._logged.seq:
            return
        if call.operation.action not in _READS or call.change is not None:
            return
        if at != self._at:
            self._found.clear()
            self._at, self._bytes = at, 0
        key = (request.raw_path, request.raw_query, caller.permission)
        if key not in self._found:
            self._found[key] = Remembered(call.operation.name, body)
            self._bytes += _size(key, body)
        while self._bytes > MOST_BYTES:
            oldest, answer = self._found.popitem(last=False)
            self._bytes -= _size(oldest, answer.body)


def _size(key: _Key, body: bytes) -> int:
    path, query, _ = key
    return len(path) + len(query) + len(body) + _OVERHEAD
