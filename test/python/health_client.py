"""Asks grpc.health.v1 with grpcio-health-checking and prints what it understood as JSON."""

import json
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

STATUS = health_pb2.HealthCheckResponse.ServingStatus.Name


def main(address: str, service: str) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        statuses = stub.List(health_pb2.HealthListRequest(), timeout=10).statuses
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=service), timeout=10)
        unknown = stub.Watch(health_pb2.HealthCheckRequest(service="none.Such"), timeout=10)
        result = {
            "server": check(stub, ""),
            "service": check(stub, service),
            "unknown": check(stub, "none.Such"),
            "list": {name: STATUS(answer.status) for name, answer in statuses.items()},
            "watch": STATUS(next(watch).status),
            "watch_unknown": STATUS(next(unknown).status),
        }
        watch.cancel()
        unknown.cancel()
    print(json.dumps(result))


def check(stub: health_pb2_grpc.HealthStub, service: str) -> str:
    try:
        request = health_pb2.HealthCheckRequest(service=service)
        return STATUS(stub.Check(request, timeout=10).status)
    except grpc.RpcError as error:
        return error.code().name


if __name__ == "__main__":
    main(*sys.argv[1:])
