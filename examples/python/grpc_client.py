"""Submits metrics of which one is bad, repeats the call safely, and reads back what was stored, over gRPC."""

import os
import sys
import uuid
from urllib.parse import urlsplit

import grpc
from google.protobuf.struct_pb2 import Value
from mcp_metrics.v1 import (
    metric_pb2,
    metrics_service_pb2,
    metrics_service_pb2_grpc,
    query_service_pb2,
    query_service_pb2_grpc,
)

URL = urlsplit(os.environ.get("METRICS_URL", "http://localhost:8890"))
CREDENTIALS = [("x-api-key", os.environ.get("METRICS_API_KEY", ""))]
TIMEOUT_SECONDS = 5


def call(tool: str, success: bool, duration_ms: float, value: float | None) -> metric_pb2.Metric:
    return metric_pb2.Metric(
        type="tool_execution",
        value=value,
        duration_ms=duration_ms,
        dimensions={"tool_name": Value(string_value=tool), "success": Value(bool_value=success)},
    )


def main(channel: grpc.Channel) -> None:
    metrics = metrics_service_pb2_grpc.MetricsServiceStub(channel)
    query = query_service_pb2_grpc.QueryServiceStub(channel)
    options = {"metadata": CREDENTIALS, "timeout": TIMEOUT_SECONDS}

    # The key belongs to a service, and metrics are written in its name.
    status = metrics.RateLimitStatus(metrics_service_pb2.RateLimitStatusRequest(), **options)
    submission = metrics_service_pb2.SubmitRequest(
        service=status.service,
        version="1.0.0",
        metrics=[
            call("search", True, 45.2, 1),
            call("fetch", False, 120, 1),
            call("without a value", True, 1, None),
        ],
        # Makes the call safe to repeat, however the first one ended.
        idempotency_key=str(uuid.uuid4()),
    )

    first = metrics.Submit(submission, **options)
    print(f"stored {first.accepted}, refused {first.rejected} ({first.request_id})")
    for rejection in first.rejections:
        print(f"  metrics[{rejection.index}].{rejection.field}: {rejection.message}")

    again = metrics.Submit(submission, **options)
    print("repeated:", "the answer of before, nothing stored twice" if again.duplicate else "stored anew")

    top = query_service_pb2.TopValuesRequest(
        dimension="tool", types=["tool_execution"], statistics=["error_rate", "p95"]
    )
    print("read back:")
    for row in query.TopValues(top, **options).rows:
        count, error_rate = row.statistics["count"], row.statistics["error_rate"]
        print(f"  {row.value}: {count:g} calls, error rate {error_rate:g}")


def open_channel() -> grpc.Channel:
    if URL.scheme == "https":
        return grpc.secure_channel(URL.netloc, grpc.ssl_channel_credentials())
    return grpc.insecure_channel(URL.netloc)


if __name__ == "__main__":
    with open_channel() as channel:
        try:
            main(channel)
        except grpc.RpcError as error:
            sys.exit(f"failed: {error.code().name}: {error.details()}")
