"""Submits with the generated stubs, in each of the ways a gateway in Python would, and prints JSON."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from mcp.metrics.v1 import metric_pb2, metrics_service_pb2, metrics_service_pb2_grpc

DETAILS = [error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo, error_details_pb2.BadRequest]


def main(address: str, key: str, limited_key: str) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = metrics_service_pb2_grpc.MetricsServiceStub(channel)
        result = {
            "stored": submit(stub, key, [tool_execution()]),
            "partial": submit(stub, key, [tool_execution(), metric_pb2.Metric(type="no such type")]),
            "invalid": submit(stub, key, [metric_pb2.Metric(type="custom", value=float("nan"))]),
            "keyless": submit(stub, None, [tool_execution()]),
            "compressed": submit(stub, key, [tool_execution()] * 100, compression=grpc.Compression.Gzip),
            "limited": [submit(stub, limited_key, [tool_execution()]) for _ in range(2)][1],
            "bucket": MessageToDict(
                stub.RateLimitStatus(
                    metrics_service_pb2.RateLimitStatusRequest(), metadata=credentials(limited_key), timeout=10
                )
            ),
            "health": MessageToDict(stub.Health(metrics_service_pb2.HealthRequest(), timeout=10)),
            "race": race(stub, key),
        }
    print(json.dumps(result))


def credentials(key: str | None) -> list[tuple[str, str]]:
    return [] if key is None else [("x-api-key", key)]


def tool_execution() -> metric_pb2.Metric:
    timestamp = Timestamp()
    timestamp.GetCurrentTime()
    return metric_pb2.Metric(
        type="tool_execution",
        value=1,
        duration_ms=0,
        timestamp=timestamp,
        dimensions={"tool_name": Value(string_value="search"), "success": Value(bool_value=True)},
        metadata={"input_size_bytes": Value(number_value=2048)},
    )


def submit(
    stub: metrics_service_pb2_grpc.MetricsServiceStub,
    key: str | None,
    metrics: list[metric_pb2.Metric],
    idempotency_key: str = "",
    compression: grpc.Compression | None = None,
) -> dict[str, object]:
    request = metrics_service_pb2.SubmitRequest(
        service="test", version="1.0.0", metrics=metrics, idempotency_key=idempotency_key
    )
    try:
        answer, call = stub.Submit.with_call(
            request, metadata=credentials(key), timeout=10, compression=compression
        )
    except grpc.RpcError as error:
        return describe_error(error)
    remaining = dict(call.initial_metadata())["x-ratelimit-remaining"]
    return {**MessageToDict(answer, preserving_proto_field_name=True), "remaining": int(remaining)}


def describe_error(error: grpc.RpcError) -> dict[str, object]:
    status = rpc_status.from_call(error)
    described: dict[str, object] = {"code": error.code().name, "message": error.details()}
    for any_detail in status.details:
        for message_type in DETAILS:
            detail = message_type()
            if any_detail.Unpack(detail):
                described[message_type.DESCRIPTOR.name] = MessageToDict(detail)
    return described


def race(stub: metrics_service_pb2_grpc.MetricsServiceStub, key: str) -> dict[str, int]:
    """The same call from 16 threads at once."""
    metric = metric_pb2.Metric(type="custom", value=1)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: submit(stub, key, [metric], "from python"), range(16)))
    return {
        "ids": len({answer["request_id"] for answer in answers}),
        "duplicates": sum(1 for answer in answers if answer.get("duplicate")),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
