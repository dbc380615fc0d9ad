"""Resolves a service through grpcio-reflection, calls it without stubs, and prints JSON."""

import json
import sys

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


def main(address: str, service_name: str, method_name: str) -> None:
    with grpc.insecure_channel(address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        service = pool.FindServiceByName(service_name)
        method = service.methods_by_name[method_name]
        call = channel.unary_unary(
            f"/{service_name}/{method_name}",
            request_serializer=GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        answer = call(GetMessageClass(method.input_type)(), timeout=10)
        result = {
            "services": sorted(database.get_services()),
            "methods": sorted(service.methods_by_name),
            "answer": MessageToDict(answer),
            "unknown": find(pool, "none.Such"),
        }
    print(json.dumps(result))


def find(pool: DescriptorPool, name: str) -> str:
    try:
        return pool.FindMessageTypeByName(name).full_name
    except KeyError:
        return "not found"


if __name__ == "__main__":
    main(*sys.argv[1:])
