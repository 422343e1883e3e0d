"""A client that reports its traffic, for tests: exactly what a test gives it."""

from typing import Any, Self

import grpc
import grpc.aio
from envoy_data_plane.envoy.config.core.v3 import Node
from envoy_data_plane.envoy.config.endpoint.v3 import ClusterStats, UpstreamLocalityStats
from envoy_data_plane.envoy.service.load_stats.v3 import LoadStatsRequest, LoadStatsResponse
from envoy_data_plane.envoy.service.metrics.v3 import (
    StreamMetricsMessage,
    StreamMetricsMessageIdentifier,
)
from envoy_data_plane.io.prometheus.client import (
    Bucket,
    Counter,
    Histogram,
    Metric,
    MetricFamily,
    MetricType,
)

LOAD = "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats"
METRICS = "/envoy.service.metrics.v3.MetricsService/StreamMetrics"


def load(node: str, **clusters: tuple[int, int]) -> bytes:
    """Return a load report: by cluster, the successful and the failed attempts."""
    stats = [
        ClusterStats(
            cluster_name=name,
            upstream_locality_stats=[
                UpstreamLocalityStats(total_successful_requests=good, total_error_requests=bad)
            ],
        )
        for name, (good, bad) in clusters.items()
    ]
    return bytes(LoadStatsRequest(node=Node(id=node), cluster_stats=stats))


def metrics(node: str, **clusters: tuple[int, int]) -> bytes:
    """Return a metrics report: by cluster, the requests and those answered with 5xx; each takes
    between 3 and 5 ms."""
    families = []
    for name, (requests, errors) in clusters.items():
        families += [
            _counter(f"cluster.{name}.upstream_rq_completed", requests),
            _counter(f"cluster.{name}.upstream_rq_5xx", errors),
            _histogram(f"cluster.{name}.upstream_rq_time", requests),
        ]
    identifier = StreamMetricsMessageIdentifier(node=Node(id=node)) if node else None
    return bytes(StreamMetricsMessage(identifier=identifier, envoy_metrics=families))


def _counter(name: str, value: int) -> MetricFamily:
    metric = Metric(counter=Counter(value=float(value)))
    return MetricFamily(name=name, type=MetricType.COUNTER, metric=[metric])


def _histogram(name: str, count: int) -> MetricFamily:
    buckets = [Bucket(upper_bound=3, cumulative_count=0)]
    buckets += [Bucket(upper_bound=bound, cumulative_count=count) for bound in (5, 10)]
    histogram = Histogram(sample_count=count, bucket=buckets)
    metric = Metric(histogram=histogram)
    return MetricFamily(name=name, type=MetricType.HISTOGRAM, metric=[metric])


class Reporter:
    """One report stream of one client. Ends with the block."""

    def __init__(
        self, channel: Any, method: str, credentials: grpc.ChannelCredentials | None = None
    ) -> None:
        """Use a channel, or connect to a port of this machine."""
        self._own = isinstance(channel, int)
        options = [("grpc.use_local_subchannel_pool", 1)]
        if not self._own:
            self._channel = channel
        elif credentials is None:
            self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{channel}", options)
        else:
            self._channel = grpc.aio.secure_channel(f"127.0.0.1:{channel}", credentials, options)
        self._method = method
        self._call: Any = None

    async def __aenter__(self) -> Self:
        self._call = self._channel.stream_stream(self._method)()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._call.cancel()
        if self._own:
            await self._channel.close()

    async def send(self, data: bytes) -> None:
        """Send a report."""
        await self._call.write(data)

    async def asked(self) -> LoadStatsResponse:
        """Return what the server asks for."""
        return LoadStatsResponse.parse(await self._call.read())

    async def refusal(self) -> str:
        """Wait until the server ends the stream; return the code and the words."""
        code = await self._call.code()
        return f"{code.name}: {await self._call.details()}"
