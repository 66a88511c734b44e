"""docs/metrics.md: every metric with its type, labels and meaning, from where they are defined."""

from typing import Final

from prometheus_client.metrics import MetricWrapperBase

from streams import metrics
from streams.reference_pages.table import table

_HEAD: Final = """# Metrics

Generated from `streams/metrics.py` by `lockgate docs`; do not edit.

Every worker serves these at `/metrics` of `LOCKGATE_HTTP`. Labels never hold an account, an address or a name. Series whose
labels are known beforehand are there from the start, at 0: a counter that first appears at 1 would show Prometheus no
increase. A histogram has the series `_bucket`, `_count` and `_sum`. `stage` is `accounts` or `counterparties`.

Alerts on them: [deploy/prometheus/alerts.yml](../deploy/prometheus/alerts.yml); what to do then:
[deploy/README.md](../deploy/README.md).
"""


def metrics_page() -> str:
    """The whole page as Markdown."""
    rows = []
    for metric in vars(metrics).values():
        if not isinstance(metric, MetricWrapperBase):
            continue
        for family in metric.describe():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)
            rows.append((f"`{name}`", family.type, labels, family.documentation))
    lines = table(("metric", "type", "labels", "what it tells"), sorted(rows))
    return "\n".join([_HEAD.rstrip(), "", *lines]) + "\n"
