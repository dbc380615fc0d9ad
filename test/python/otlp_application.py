"""An application with the OpenTelemetry SDK and its own exporter, which does what standard input says."""

import json
import logging
import sys

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

TIMEOUT_SECONDS = 30


def create_exporter(protocol: str, port: str, key: str) -> MetricExporter:
    if protocol == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter

        return OTLPMetricExporter(
            endpoint=f"127.0.0.1:{port}",
            insecure=True,
            headers=(("x-api-key", key),),
            timeout=TIMEOUT_SECONDS,
            compression=Compression.Gzip,
        )
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    return OTLPMetricExporter(
        endpoint=f"http://127.0.0.1:{port}/v1/metrics",
        headers={"Authorization": f"Bearer {key}"},
        timeout=TIMEOUT_SECONDS,
        compression=Compression.Gzip,
    )


class Application:
    def __init__(self, exporter: MetricExporter, bounds: list[float]) -> None:
        self._result = MetricExportResult.FAILURE
        self._watch(exporter)
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=86_400_000)
        view = View(instrument_name="response.size", aggregation=ExponentialBucketHistogramAggregation())
        resource = Resource.create({"service.name": "sdk", "service.instance.id": "1"})
        self.provider = MeterProvider([reader], resource, views=[view])
        meter = self.provider.get_meter("session")
        self._jobs = meter.create_counter("jobs.done")
        self._active = meter.create_up_down_counter("sessions.active")
        self._responses = meter.create_histogram("response.size", unit="By")
        self._durations = meter.create_histogram(
            "mcp.server.operation.duration", unit="s", explicit_bucket_boundaries_advisory=bounds
        )

    def _watch(self, exporter: MetricExporter) -> None:
        """Keep the result of an export, which the reader keeps to itself."""
        export = exporter.export

        def watched(*args: object, **options: object) -> MetricExportResult:
            self._result = export(*args, **options)
            return self._result

        exporter.export = watched

    def call(self, seconds: float, error: str | None) -> None:
        attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": "search"}
        if error is not None:
            attributes["error.type"] = error
        self._durations.record(seconds, attributes)

    def finish_jobs(self, count: int) -> None:
        self._jobs.add(count, {"queue": "even" if count % 2 == 0 else "odd"})
        self._active.add(1 - count)

    def send(self, size: int) -> None:
        self._responses.record(size)

    def export(self) -> None:
        self.provider.force_flush(TIMEOUT_SECONDS * 1000)
        print("taken" if self._result is MetricExportResult.SUCCESS else "lost", flush=True)


def main(protocol: str, port: str, key: str, bounds: str) -> None:
    logging.disable()
    application = Application(create_exporter(protocol, port, key), [float(bound) for bound in bounds.split(",")])
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        getattr(application, name)(*arguments)
    application.provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
