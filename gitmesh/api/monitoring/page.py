"""Generator of docs/metrics.md from the metrics themselves.

``python -m gitmesh.api.monitoring.page > docs/metrics.md``
"""

from typing import Final

from prometheus_client.metrics_core import Metric

from gitmesh.api.monitoring.metrics import LABELS, Metrics

_HEAD: Final = """\
# Health and metrics

<!-- Written by `python -m gitmesh.api.monitoring.page`; `make golden` writes it anew. -->

`gitmesh serve --http` answers these paths beside the API:

| path | answer |
|---|---|
| `/healthz` | 200 as long as the process answers |
| `/readyz` | 200 or 503, and JSON: `ready`, `reasons` why not, and what is `degraded` |
| `/metrics` | metrics in the text format of Prometheus |

The first two need no credential, and tell nothing of a mesh. A branch that cannot be followed is \
`degraded`, not unready: proxies are still served the last valid mesh. Reasons: `starting`, \
`reading-the-branch`, `log-unavailable`.

`/metrics` needs a credential. A caller who may read everything gets all metrics; others get the \
proxies of the meshes that they may read as a whole. With a token:

```yaml
scrape_configs:
  - job_name: gitmesh
    scheme: https
    authorization: {credentials_file: /etc/prometheus/gitmesh.token}
    static_configs: [{targets: ["gitmesh.example:18080"]}]
```

Counters begin at 0 when the server starts. Those of proxies include the proxies of all workers, \
for they come from the event log.

| metric | type | labels | meaning |
|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    families = sorted(Metrics("0").registry.collect(), key=lambda each: each.name)
    return _HEAD + "".join(map(_row, families))


def _row(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    name = f"{name}_info" if family.type == "info" else name
    labels = ", ".join(f"`{label}`" for label in LABELS.get(family.name, ()))
    return f"| `{name}` | {family.type} | {labels} | {family.documentation} |\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- this is its work
