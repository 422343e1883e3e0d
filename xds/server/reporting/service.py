"""The services that receive clients' reports: load reports and metrics.

Each call is one stream of one client. Identity and limits are those of the discovery services; the
streams are counted apart, so that reports cannot take the place of configuration.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from random import uniform
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import grpc
import grpc.aio

from mesh.errors import GitmeshError, UsageError
from mesh.keys import ResourceKey
from xds.nodes import parse_identity
from xds.reports.load_report import decode_load_report, load_reports_wanted
from xds.reports.measured import Measured, Source
from xds.reports.metrics_report import decode_metrics_report
from xds.reports.report import Report
from xds.server.limits.admission import Admission, AdmittedStream
from xds.server.limits.arrivals import Arrivals
from xds.server.reporting.turns import Turns
from xds.server.request_reader import MAX_REASON, Ending, status_code
from xds.server.settings import AdsSettings
from xds.wire.decode import Node, decode_measured_node, decode_reporting_node
from xds.wire.fields import DecodeError

if TYPE_CHECKING:
    from xds.server.peer import Peer

_log = logging.getLogger(__name__)

REPORTS_PER_S: Final = 1.0
REPORTS_AT_ONCE: Final = 5
"""Sustained rate and burst of reports of one stream; further ones are not read until later."""
STREAMS_OF_PROXY: Final = 2
"""Report streams of one proxy: load reports and metrics."""
_TELL_EVERY_S: Final = 60.0

# grpc has no types; `Any` must not leave the server's modules.
Context: TypeAlias = Any
Handler: TypeAlias = Callable[[AsyncIterator[bytes], Context], Awaitable[None]]


class Proxies(Protocol):
    """What the reception needs to know of the served mesh and its proxies."""

    def knows(self, key: ResourceKey) -> bool:
        """Return whether the served mesh has the node or gateway."""

    def accepted(self, peer: str, key: ResourceKey) -> str:
        """Return the commit that the client of this connection has acknowledged; empty if none."""


@dataclass(frozen=True, slots=True)
class _Service:
    """One of the services: how its messages are read."""

    source: Source
    node: Callable[[bytes], Node | None]
    decode: Callable[[bytes], Report]


_SERVICES: Final[Mapping[str, tuple[str, _Service]]] = {
    "envoy.service.load_stats.v3.LoadReportingService": (
        "StreamLoadStats",
        _Service(Source.LOAD, decode_reporting_node, decode_load_report),
    ),
    "envoy.service.metrics.v3.MetricsService": (
        "StreamMetrics",
        _Service(Source.METRICS, decode_measured_node, decode_metrics_report),
    ),
}


class Reception:
    """Receives reports, and passes them on with their origin."""

    def __init__(
        self,
        settings: AdsSettings,
        proxies: Proxies,
        arrivals: Arrivals,
        turns: Turns,
        receive: Callable[[Measured], None],
    ) -> None:
        self.counted = Counter[str]()
        """Number of reports by result: ``received``, ``too large``, ``crowded out``, ``early``;
        and of ``clusters left out``."""
        self._settings = settings
        self._proxies = proxies
        self._arrivals = arrivals
        self._turns = turns
        self._receive = receive
        more = STREAMS_OF_PROXY
        limits = replace(
            settings,
            max_streams=more * settings.max_streams,
            max_streams_of_node=more * settings.max_streams_of_node,
            new_streams_per_s=more * settings.new_streams_per_s,
            new_streams_at_once=more * settings.new_streams_at_once,
            requests_per_s=REPORTS_PER_S,
            requests_at_once=REPORTS_AT_ONCE,
        )
        self._admission = Admission(limits, time.monotonic())
        self._told_at = -float("inf")

    def handlers(self, peer: Callable[[Context], "Peer | None"]) -> tuple[Any, ...]:
        """Return the gRPC handlers; ``peer`` returns the authenticated identity of a client."""
        return tuple(
            grpc.method_handlers_generic_handler(
                name,
                {method: grpc.stream_stream_rpc_method_handler(self._answering(service, peer))},
            )
            for name, (method, service) in _SERVICES.items()
        )

    def _answering(self, service: _Service, peer: Callable[[Context], "Peer | None"]) -> Handler:
        async def answer(_: AsyncIterator[bytes], context: Context) -> None:
            try:
                await self._arrivals.turn(context.peer())
                admitted = self._admission.open(peer(context), time.monotonic())
            except GitmeshError as error:
                await context.abort(status_code(error), error.line[:MAX_REASON])
            try:
                await self._serve(service, admitted, context)
            finally:
                admitted.close()

        return answer

    async def _serve(self, service: _Service, admitted: AdmittedStream, context: Context) -> None:
        ending = Ending("closed by the proxy")
        try:
            # Without this timeout, a connection would outlive the client's certificate.
            async with asyncio.timeout(admitted.time_left_s(time.time())):
                await self._read(service, admitted, context)
        except TimeoutError:
            ending = Ending("the certificate has expired", grpc.StatusCode.UNAUTHENTICATED)
        except DecodeError as error:
            reason = f"not a report: {error}"
            ending = Ending(reason, grpc.StatusCode.INVALID_ARGUMENT)
        except GitmeshError as error:
            ending = Ending(error.line[:MAX_REASON], status_code(error))
        if ending.code is not grpc.StatusCode.OK:
            context.set_code(ending.code)
            context.set_details(ending.reason)

    async def _read(self, service: _Service, admitted: AdmittedStream, context: Context) -> None:
        data = await context.read()
        if data is grpc.aio.EOF:
            return
        key = self._identify(service, admitted, data)
        stream = _ReportStream(service, context.peer(), key)
        stream.begin(self._proxies, time.time_ns())
        if service.source is Source.LOAD:
            # Proxies that connect together should not report together.
            await asyncio.sleep(uniform(0, self._settings.report_interval_s / 2))  # noqa: S311
            await context.write(load_reports_wanted(self._settings.report_interval_s))
        while data is not grpc.aio.EOF:
            await self._take(stream, data)
            if (wait_s := admitted.delay(len(data), time.monotonic())) > 0:
                self.counted["early"] += 1
                await asyncio.sleep(wait_s)
            data = await context.read()

    def _identify(self, service: _Service, admitted: AdmittedStream, data: bytes) -> ResourceKey:
        """Return the client's node.

        :raises UsageError: the message names no node, or the mesh has no such node.
        :raises GitmeshError: the certificate is for another node, or a limit is reached.
        """
        node = service.node(data)
        if node is None or not node.id:
            raise UsageError("the first message of a stream must carry node.id")
        identity = parse_identity(node.id, node.metadata, node.user_agent_name)
        if not self._proxies.knows(identity.key):
            raise UsageError(f"the mesh has no {identity.key}, so its reports are not kept")
        admitted.admit(identity)
        return identity.key

    async def _take(self, stream: "_ReportStream", data: bytes) -> None:
        if len(data) > self._settings.max_report_bytes:
            self._drop("too large", stream)
        elif not await self._turns.take(len(data)):
            self._drop("crowded out", stream)
        else:
            measured = stream.measure(data, self._proxies, time.time_ns())
            self.counted["received"] += 1
            self.counted["clusters left out"] += measured.left_out
            if stream.begun:
                self._receive(measured)
            stream.begun = True

    def _drop(self, reason: str, stream: "_ReportStream") -> None:
        self.counted[reason] += 1
        if time.monotonic() - self._told_at >= _TELL_EVERY_S:
            self._told_at = time.monotonic()
            _log.warning(
                "a report about traffic was dropped",
                extra={"reason": reason, "node": str(stream.key), "proxy": stream.peer},
            )


class _ReportStream:
    """The periods of one stream: each report closes one."""

    __slots__ = ("_commit", "_from_ns", "_service", "begun", "key", "peer")

    def __init__(self, service: _Service, peer: str, key: ResourceKey) -> None:
        self.peer = peer
        self.key = key
        # The first load report says only who reports.
        self.begun = service.source is not Source.LOAD
        self._service = service
        self._from_ns = 0
        self._commit = ""

    def begin(self, proxies: Proxies, now_ns: int) -> None:
        """Start the first period."""
        self._from_ns = now_ns
        self._commit = proxies.accepted(self.peer, self.key)

    def measure(self, data: bytes, proxies: Proxies, now_ns: int) -> Measured:
        """Read a report, and close the period.

        :raises DecodeError: the bytes are no report.
        """
        report = self._service.decode(data)
        began_ns, before = self._from_ns, self._commit
        if report.interval_ms:
            began_ns = min(began_ns, now_ns - report.interval_ms * 1_000_000)
        self.begin(proxies, now_ns)
        return Measured.of(
            report,
            self._service.source,
            node=str(self.key),
            proxy=self.peer,
            period_ns=(began_ns, now_ns),
            commit=before if before == self._commit else "",
        )
