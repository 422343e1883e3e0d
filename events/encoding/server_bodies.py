"""The data of events about a server itself; see :mod:`events.encoding.bodies`."""

from collections.abc import Mapping
from typing import Final

from events.encoding.body import Body
from events.types import (
    ServerStarted,
    SourceDegraded,
    SourceRecovered,
    WorkerResponsive,
    WorkerUnresponsive,
)

SERVER_BODIES: Final[Mapping[str, Body]] = {
    "WorkerUnresponsive": Body(
        WorkerUnresponsive,
        1,
        lambda e: {"worker": e.worker, "process": e.process, "proxies": e.proxies},
        lambda _s, _c, d: WorkerUnresponsive(d["worker"], d["process"], d["proxies"]),
    ),
    "WorkerResponsive": Body(
        WorkerResponsive,
        1,
        lambda e: {"worker": e.worker, "why": e.why},
        lambda _s, _c, d: WorkerResponsive(d["worker"], d["why"]),
    ),
    "ServerStarted": Body(
        ServerStarted,
        1,
        lambda e: {"version": e.version},
        lambda _s, _c, d: ServerStarted(d["version"]),
    ),
    "SourceDegraded": Body(
        SourceDegraded,
        1,
        lambda e: {"message": e.message},
        lambda reason, _, d: SourceDegraded(reason, d["message"]),
    ),
    "SourceRecovered": Body(
        SourceRecovered, 1, lambda _: {}, lambda reason, _c, _d: SourceRecovered(reason)
    ),
}
