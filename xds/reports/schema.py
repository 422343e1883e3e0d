"""Message classes for the fields of reports that this server reads.

Field numbers are those of ``envoy/service/load_stats/v3/lrs.proto``,
``envoy/config/endpoint/v3/load_report.proto``, ``envoy/service/metrics/v3/metrics_service.proto``,
and Prometheus's ``metrics.proto``. Later load reports repeat the node, of 61 KB: it is not declared
here. For the identity, the first message is parsed by :mod:`xds.wire.decode`, too.
"""

from typing import Final

from xds.wire.message_classes import message_classes

_SCHEMA: Final = """
LoadReport
  2 ClusterStats* clusters
ClusterStats
  1 string name
  2 LocalityStats* localities
  3 uint64 dropped
  4 Duration interval
LocalityStats
  2 uint64 successful
  4 uint64 failed
Duration
  1 int64 seconds
  2 int32 nanos
MetricFamily
  1 string name
  4 Metric* metrics
Metric
  3 Counter counter
  7 Histogram histogram
Counter
  1 double value
Histogram
  1 uint64 count
  3 Bucket* buckets
Bucket
  1 uint64 cumulative_count
  2 double upper_bound
"""

_class_of = message_classes("gitmesh.reports", _SCHEMA)

LoadReport: Final = _class_of("LoadReport")
MetricFamily: Final = _class_of("MetricFamily")
