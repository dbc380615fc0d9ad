"""Compares our declarations of the standard interfaces with the published ones and prints, as JSON,
how many fields and methods were compared and every difference."""

import json
import sys

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

PUBLISHED = {
    "google.rpc": [status_pb2, error_details_pb2],
    "grpc.health.v1": [health_pb2],
    "grpc.reflection.v1alpha": [reflection_pb2],
    # Not among the Python packages, and the same as v1alpha but for its name.
    "grpc.reflection.v1": [reflection_pb2],
}


def main(path: str) -> None:
    with open(path, "rb") as image:
        files = FileDescriptorSet.FromString(image.read()).file
    compared, differences = 0, []
    for package, modules in PUBLISHED.items():
        published: dict[str, object] = {}
        for module in modules:
            proto = FileDescriptorProto()
            module.DESCRIPTOR.CopyToProto(proto)
            published.update(facts(proto, package))
        for file in files:
            if file.package != package:
                continue
            for name, fact in facts(file, package).items():
                compared += 1
                if published.get(name) != fact:
                    differences.append([name, fact, published.get(name)])
    print(json.dumps({"compared": compared, "differences": differences}))


def facts(file: FileDescriptorProto, package: str) -> dict[str, object]:
    """What is on the wire, by full name."""
    found: dict[str, object] = {}
    for service in file.service:
        for method in service.method:
            ends = [renamed(method.input_type, file, package), renamed(method.output_type, file, package)]
            streams = [method.client_streaming, method.server_streaming]
            found[f"{package}.{service.name}.{method.name}"] = ends + streams
    for message in file.message_type:
        found.update(message_facts(message, package, file, package))
    return found


def message_facts(
    message: DescriptorProto, scope: str, file: FileDescriptorProto, package: str
) -> dict[str, object]:
    found: dict[str, object] = {}
    name = f"{scope}.{message.name}"
    for field in message.field:
        oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
        kind = [field.number, field.type, field.label, renamed(field.type_name, file, package), oneof]
        found[f"{name}.{field.name}"] = kind
    for enum in message.enum_type:
        for value in enum.value:
            found[f"{name}.{enum.name}.{value.name}"] = value.number
    for nested in message.nested_type:
        found.update(message_facts(nested, name, file, package))
    return found


def renamed(type_name: str, file: FileDescriptorProto, package: str) -> str:
    return type_name.replace(f".{file.package}.", f".{package}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
