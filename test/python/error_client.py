"""Makes a call that fails and prints how grpcio-status and google.rpc read the error, as JSON."""

import json
import sys

import grpc
from google.protobuf.json_format import MessageToDict
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from mcp.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc

DETAILS = {
    "error_info": error_details_pb2.ErrorInfo,
    "retry_info": error_details_pb2.RetryInfo,
    "bad_request": error_details_pb2.BadRequest,
}


def main(address: str, fault: str) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = metrics_service_pb2_grpc.MetricsServiceStub(channel)
        request = metrics_service_pb2.SubmitRequest(service="gateway")
        try:
            stub.Submit(request, metadata=[("x-fault", fault)], timeout=10)
            raise SystemExit("the call did not fail")
        except grpc.RpcError as error:
            status = rpc_status.from_call(error)
            result = {"code": error.code().name, "message": status.message}
    for any_detail in status.details:
        for name, message_type in DETAILS.items():
            detail = message_type()
            if any_detail.Unpack(detail):
                result[name] = MessageToDict(detail)
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
