"""Parts of an Envoy's bootstrap that make it report its traffic to the xDS server. Pure."""

from typing import Final

from mesh.canonical import Json, JsonObject
from xds.reports.counts import LATENCY_BOUNDS_MS
from xds.reports.metrics_report import LATENCY

_METRICS: Final = "type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig"


def reporting(cluster: str, interval_s: int) -> JsonObject:
    """Return the top-level fields for load reports and metrics reports to a cluster's server.

    The interval is that of metrics reports; that of load reports is set by the server. The
    statistics that Envoy offers elsewhere stay as they are.
    """
    return {
        "cluster_manager": {
            "load_stats_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [_service(cluster)],
            }
        },
        "stats_flush_interval": f"{interval_s}s",
        "stats_sinks": [
            {
                "name": "envoy.stat_sinks.metrics_service",
                "typed_config": {
                    "@type": _METRICS,
                    "transport_api_version": "V3",
                    "grpc_service": _service(cluster),
                    "report_counters_as_deltas": True,
                    # Whole names: with tags, a cluster's name would end at its first dot.
                    "emit_tags_as_labels": False,
                    "histogram_emit_mode": "HISTOGRAM",
                },
            }
        ],
    }


def buckets() -> JsonObject:
    """Return the part of ``stats_config`` with finer buckets for latencies."""
    # JSON of protobuf writes a number with a fraction as text, too; our JSON has no fractions.
    bounds: list[Json] = [str(bound).removesuffix(".0") for bound in LATENCY_BOUNDS_MS]
    return {"histogram_bucket_settings": [{"match": {"suffix": LATENCY}, "buckets": bounds}]}


def _service(cluster: str) -> JsonObject:
    return {"envoy_grpc": {"cluster_name": cluster}}
