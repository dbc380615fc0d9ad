"""What applications in the field do with the OpenTelemetry SDK, and how often each operation was recorded."""

import json
import logging
import math
import os
import sys

from types import SimpleNamespace

from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics._internal import instrument
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource

# Milliseconds, meant by who knows JavaScript's SDK; Python's takes it for hours.
os.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "10000"

# Releases of the SDK that are still in use record a NaN; this one leaves it out.
instrument.math = SimpleNamespace(isfinite=lambda _amount: True)

UNITS = {"mcp.server.operation.duration": "s", "step.ms": "ms", "step.words": "milliseconds", "spread.ms": "ms"}
ROUNDS = 5
POD = "checkout-" + "p" * 111


def create_exporter(protocol: str, port: str, key: str) -> MetricExporter:
    headers = {"x-api-key": key}
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter

        return OTLPMetricExporter(endpoint=f"127.0.0.1:{port}", insecure=True, headers=headers)
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    return OTLPMetricExporter(endpoint=f"http://127.0.0.1:{port}/v1/metrics", headers=headers)


def reset(provider: MeterProvider) -> None:
    """Forget what was counted, and go on under the same start time, as a bridge to another library may."""
    (storage,) = provider._measurement_consumer._reader_storages.values()
    for matches in storage._instrument_view_instrument_matches.values():
        for match in matches:
            for aggregation in match._attributes_aggregation.values():
                aggregation._previous_sum = 0
                aggregation._previous_count = 0
                aggregation._previous_zero_count = 0
                aggregation._previous_value = None
                aggregation._previous_value_positive = None
                aggregation._previous_value_negative = None
                aggregation._previous_scale = None


def main(protocol: str, port: str, key: str, service: str) -> None:
    logging.disable()
    taken: list[bool] = []
    exporter = create_exporter(protocol, port, key)
    export = exporter.export

    def watched(*args: object, **options: object) -> MetricExportResult:
        result = export(*args, **options)
        taken.append(result is MetricExportResult.SUCCESS)
        return result

    exporter.export = watched
    views = [
        View(instrument_name="spread.ms", aggregation=ExponentialBucketHistogramAggregation()),
        View(
            instrument_type=Histogram,
            instrument_name="[!s]*",
            aggregation=ExplicitBucketHistogramAggregation(record_min_max=False),
        ),
        View(
            instrument_name="step.*",
            aggregation=ExplicitBucketHistogramAggregation(record_min_max=False),
        ),
    ]
    labels = {f"k8s.pod.label.app.kubernetes.io/part-{index}": "x" * 40 for index in range(26)}
    names = {"service.name": service, "service.instance.id": POD, "k8s.pod.name": POD, "k8s.namespace.name": "shop"}
    resource = Resource.create({**labels, **names})
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=86_400_000)
    provider = MeterProvider([reader], resource, views=views)
    meter = provider.get_meter("field")
    recorded = dict.fromkeys(UNITS, 0)
    histograms = {name: meter.create_histogram(name, unit=unit) for name, unit in UNITS.items()}
    attributes = {"mcp.method.name": "tools/call", "k8s.pod.name": POD, "k8s_pod_name": "other", "tags": ["a", "b"]}
    for turn in range(ROUNDS):
        if turn == 3:
            reset(provider)
        for name, histogram in histograms.items():
            # After the reset there is more of what is short: the count alone does not fall.
            for index in range(5 + 20 * turn):
                value = (index * 7 + turn) % 50 + 1 if turn < 3 else index % 3 + 1
                histogram.record(value / 1000 if UNITS[name] == "s" else value, attributes)
                recorded[name] += 1
        if turn == 1:
            for name in ("mcp.server.operation.duration", "step.ms", "step.words"):
                histograms[name].record(math.nan, attributes)
                recorded[name] += 1
        provider.force_flush(30_000)
    provider.shutdown()
    print(json.dumps({"taken": taken, "recorded": recorded}))


if __name__ == "__main__":
    main(*sys.argv[1:])
