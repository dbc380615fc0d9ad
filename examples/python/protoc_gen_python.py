"""A plugin of `buf generate`: messages, their types and gRPC stubs, by the compiler in grpcio-tools.

The schema's package `mcp.metrics.v1` becomes the Python package `mcp_metrics.v1`: `mcp` is the name of the
MCP SDK, and Python finds only one of two packages with one name.
"""

import re
import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

# Imports, and the names under which classes say where they are from; not the paths of RPCs.
MODULES = re.compile(r"\bmcp\.(\w+)\.(v\w+)(?= import |\.\w+_pb2\b)")


def generate(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder, "descriptors.binpb")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        outputs = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
        names = request.file_to_generate
        if protoc.main(["protoc", f"--descriptor_set_in={descriptors}", *outputs, *names]) != 0:
            return CodeGeneratorResponse(error="protoc failed")
        files = [path for path in sorted(out.rglob("*")) if path.is_file()]
        return CodeGeneratorResponse(
            supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL,
            file=[
                CodeGeneratorResponse.File(
                    name=path.relative_to(out).as_posix().replace("mcp/", "mcp_", 1),
                    content=MODULES.sub(r"mcp_\1.\2", path.read_text()),
                )
                for path in files
            ],
        )


if __name__ == "__main__":
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(request).SerializeToString())
