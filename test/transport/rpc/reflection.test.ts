import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  create,
  createFileRegistry,
  type DescService,
  fromBinary,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import {
  ServerReflection,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
} from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { completeErrors } from "../../../src/transport/rpc/failures.ts";
import { reflectionRoutes } from "../../../src/transport/rpc/reflection.ts";
import { listenH2c } from "../../support/raw-rpc.ts";

const execute = promisify(execFile);
const BUF = join(import.meta.dirname, "../../../node_modules/.bin/buf");

const SERVICES = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "mcp.metrics.v1.MetricsService",
];

async function setup(services: readonly DescService[] = [MetricsService, Health]) {
  const shutdown = new AbortController();
  const reflect = reflectionRoutes({ services, signal: shutdown.signal });
  const server = await listenH2c(
    connectNodeAdapter({
      routes(router) {
        reflect(router);
        router.service(MetricsService, {
          health: () => ({ status: "healthy", service: "metrics-collection" }),
        });
      },
      requestGate: (context) => completeErrors(context),
    }),
  );
  const transport = createGrpcTransport({ baseUrl: server.url });
  return {
    server,
    shutdown,
    client: createClient(ServerReflection, transport),
    // The two differ in the names of their messages only.
    alpha: createClient(ServerReflectionAlpha, transport) as unknown as Client<typeof ServerReflection>,
  };
}

type Asked = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]>;

const files = (...wanted: readonly string[]) => ["fileDescriptorResponse", ...wanted];
const refused = (code: Code) => ["errorResponse", code];

const WELL_KNOWN = ["google/protobuf/struct.proto", "google/protobuf/timestamp.proto"];
const METRIC_FILES = files("mcp/metrics/v1/metric.proto", ...WELL_KNOWN);
const SERVICE_FILES = files(
  "mcp/metrics/v1/metrics_service.proto",
  "mcp/metrics/v1/metric.proto",
  ...WELL_KNOWN,
);

const questions: readonly { readonly name: string; readonly asked: Asked; readonly answer: unknown[] }[] = [
  {
    name: "the services",
    asked: { case: "listServices", value: "*" },
    answer: ["listServicesResponse", ...SERVICES],
  },
  {
    name: "a file by name, with what it imports",
    asked: { case: "fileByFilename", value: "mcp/metrics/v1/metric.proto" },
    answer: METRIC_FILES,
  },
  {
    name: "an imported file by name",
    asked: { case: "fileByFilename", value: "google/protobuf/struct.proto" },
    answer: files("google/protobuf/struct.proto"),
  },
  {
    name: "an unknown file",
    asked: { case: "fileByFilename", value: "none.proto" },
    answer: refused(Code.NotFound),
  },
  {
    name: "the file of a service",
    asked: { case: "fileContainingSymbol", value: "mcp.metrics.v1.MetricsService" },
    answer: SERVICE_FILES,
  },
  {
    name: "the file of a method",
    asked: { case: "fileContainingSymbol", value: "mcp.metrics.v1.MetricsService.Submit" },
    answer: SERVICE_FILES,
  },
  {
    name: "the file of a message",
    asked: { case: "fileContainingSymbol", value: "mcp.metrics.v1.Metric" },
    answer: METRIC_FILES,
  },
  {
    name: "the file of a nested enum",
    asked: { case: "fileContainingSymbol", value: "grpc.health.v1.HealthCheckResponse.ServingStatus" },
    answer: files("grpc/health/v1/health.proto"),
  },
  {
    name: "an unknown symbol",
    asked: { case: "fileContainingSymbol", value: "mcp.metrics.v1.MetricsService.None" },
    answer: refused(Code.NotFound),
  },
  {
    name: "an unknown extension",
    asked: {
      case: "fileContainingExtension",
      value: { containingType: "mcp.metrics.v1.Metric", extensionNumber: 1 },
    },
    answer: refused(Code.NotFound),
  },
  {
    name: "the extensions of a message without any",
    asked: { case: "allExtensionNumbersOfType", value: "mcp.metrics.v1.Metric" },
    answer: ["allExtensionNumbersResponse", "mcp.metrics.v1.Metric"],
  },
  {
    name: "the extensions of an unknown message",
    asked: { case: "allExtensionNumbersOfType", value: "none.Such" },
    answer: refused(Code.NotFound),
  },
  { name: "nothing", asked: { case: undefined }, answer: refused(Code.InvalidArgument) },
];

async function askAll(client: Client<typeof ServerReflection>, all: readonly Asked[]) {
  async function* stream() {
    for (const messageRequest of all) yield { host: "h", messageRequest };
  }
  const answers = [];
  for await (const answer of client.serverReflectionInfo(stream())) answers.push(answer);
  return answers;
}

/** The kind of an answer and what it names. */
function gist({ messageResponse: found }: ServerReflectionResponse): unknown[] {
  switch (found.case) {
    case "fileDescriptorResponse": {
      const names = found.value.fileDescriptorProto.map(
        (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
      );
      return [found.case, ...names];
    }
    case "listServicesResponse":
      return [found.case, ...found.value.service.map(({ name }) => name)];
    case "allExtensionNumbersResponse":
      return [found.case, found.value.baseTypeName, ...found.value.extensionNumber];
    case "errorResponse":
      return [found.case, found.value.errorCode];
    case undefined:
      return [];
  }
}

for (const version of ["client", "alpha"] as const) {
  test(`${version}: each question of a stream is answered in turn, and none of them ends it`, async () => {
    const { server, [version]: client } = await setup();
    const answers = await askAll(
      client,
      questions.map(({ asked }) => asked),
    );
    assert.equal(
      answers.map((answer) => gist(answer)),
      questions.map(({ answer }) => answer),
    );
    for (const [index, { asked }] of questions.entries()) {
      assert.is(answers[index]?.validHost, "h");
      assert.is(answers[index]?.originalRequest?.messageRequest.case, asked.case);
    }
    await server.close();
  });
}

test("an extension is found by the message it extends and its number", async () => {
  const file = create(FileDescriptorProtoSchema, {
    name: "x.proto",
    package: "x",
    syntax: "proto2",
    messageType: [{ name: "Open", extensionRange: [{ start: 100, end: 200 }] }],
    extension: [
      {
        name: "note",
        number: 123,
        extendee: ".x.Open",
        label: FieldDescriptorProto_Label.OPTIONAL,
        type: FieldDescriptorProto_Type.STRING,
      },
    ],
    service: [{ name: "S" }],
  });
  const service = createFileRegistry(file, () => undefined).getService("x.S");
  const { server, client } = await setup(service === undefined ? [] : [service]);
  const answers = await askAll(client, [
    { case: "allExtensionNumbersOfType", value: "x.Open" },
    { case: "fileContainingExtension", value: { containingType: "x.Open", extensionNumber: 123 } },
    { case: "fileContainingExtension", value: { containingType: "x.Open", extensionNumber: 124 } },
    { case: "fileContainingSymbol", value: "x.note" },
  ]);
  assert.equal(
    answers.map((answer) => gist(answer)),
    [
      ["allExtensionNumbersResponse", "x.Open", 123],
      files("x.proto"),
      refused(Code.NotFound),
      files("x.proto"),
    ],
  );
  await server.close();
});

test("at shutdown an open stream ends, although its client says nothing", async () => {
  const { server, client, shutdown } = await setup();
  const finished = Promise.withResolvers<void>();
  async function* oneThenSilence() {
    yield create(ServerReflectionRequestSchema, { messageRequest: { case: "listServices", value: "" } });
    await finished.promise;
  }
  const answers = client.serverReflectionInfo(oneThenSilence())[Symbol.asyncIterator]();
  assert.is((await answers.next()).done, false);
  shutdown.abort();
  try {
    await answers.next();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ConnectError);
    const failure = ConnectError.from(error);
    assert.is(failure.findDetails(ErrorInfoSchema)[0]?.reason, "shutting_down");
  }
  finished.resolve();
  await server.close();
});

for (const version of ["grpc-v1", "grpc-v1alpha"]) {
  for (const protocol of ["grpc", "grpcweb", "connect"]) {
    test(`buf curl lists and calls without schema files, by ${version} and ${protocol}`, async () => {
      const { server } = await setup();
      const flags = ["--http2-prior-knowledge", "--reflect-protocol", version, "--protocol", protocol];
      const curl = async (...args: string[]) =>
        (await execute(BUF, ["curl", ...flags, ...args])).stdout.trim();
      assert.equal((await curl("--list-services", server.url)).split("\n"), SERVICES);
      const answer = await curl(`${server.url}/mcp.metrics.v1.MetricsService/Health`);
      assert.equal(JSON.parse(answer), { status: "healthy", service: "metrics-collection" });
      await server.close();
    });
  }
}

test.run();
