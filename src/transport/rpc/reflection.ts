/** grpc.reflection: lets grpcurl, buf curl and their like call the service without schema files. */
import type { DescExtension, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { ServiceError } from "../../errors.ts";

/** What can be reflected upon. */
export interface ReflectionOptions {
  /** What is served; the two reflection services themselves are added. */
  readonly services: readonly DescService[];
  /** Shutdown: open streams then end with `shutting_down`. */
  readonly signal: AbortSignal;
}

/**
 * Serves grpc.reflection.v1 and v1alpha over the generated descriptors. A question without an answer
 * is an error_response, and the stream goes on; fields and enum values are not looked up.
 */
export function reflectionRoutes({ services, signal }: ReflectionOptions): (router: ConnectRouter) => void {
  const schema = indexSchema([...services, ServerReflection, ServerReflectionAlpha]);
  async function* serverReflectionInfo(questions: AsyncIterable<Question>, context: HandlerContext) {
    for await (const question of untilEnded(questions, AbortSignal.any([signal, context.signal]))) {
      yield answer(schema, question);
    }
    if (signal.aborted) throw new ServiceError("shutting_down", "the server is shutting down");
  }
  return (router) => {
    router.service(ServerReflection, { serverReflectionInfo });
    router.service(ServerReflectionAlpha, { serverReflectionInfo });
  };
}

/** A request of either version: they differ in name only. */
interface Question {
  /** Echoed; the protocol gives it no meaning here. */
  readonly host: string;
  /** What is asked; without a case it is a question of a later version. */
  readonly messageRequest:
    | {
        readonly case:
          | "fileByFilename"
          | "fileContainingSymbol"
          | "allExtensionNumbersOfType"
          | "listServices";
        readonly value: string;
      }
    | { readonly case: "fileContainingExtension"; readonly value: ExtensionName }
    | { readonly case: undefined };
}

/** An extension, by what it extends and its number. */
interface ExtensionName {
  /** Full name of the message that is extended. */
  readonly containingType: string;
  /** Number of the field. */
  readonly extensionNumber: number;
}

/** Everything that can be asked, prepared once. */
interface Schema {
  /** Full names, sorted. */
  readonly serviceNames: readonly string[];
  /** Encoded file descriptors by file name: the file, then all it imports, so that one answer is enough. */
  readonly filesByName: ReadonlyMap<string, Uint8Array[]>;
  /** By full names of messages, enums, extensions, services and methods. */
  readonly fileNameBySymbol: ReadonlyMap<string, string>;
  /** By the full name of the message they extend. */
  readonly extensionsByMessage: ReadonlyMap<string, readonly DescExtension[]>;
}

/** Prepare the answers from the descriptors of services and all that they import. */
function indexSchema(services: readonly DescService[]): Schema {
  const files = new Set(services.flatMap((service) => withImports(service.file)));
  const types = [...files].flatMap((file) => [...nestedTypes(file)]);
  const fileNameBySymbol = new Map<string, string>();
  for (const type of types) {
    fileNameBySymbol.set(type.typeName, protoName(type.file));
    if (type.kind !== "service") continue;
    for (const method of type.methods) {
      fileNameBySymbol.set(`${type.typeName}.${method.name}`, protoName(type.file));
    }
  }
  const extensions = types.filter((type) => type.kind === "extension");
  return {
    serviceNames: services.map((service) => service.typeName).sort(),
    filesByName: new Map([...files].map((file) => [protoName(file), withImports(file).map(encode)])),
    fileNameBySymbol,
    extensionsByMessage: new Map(
      types
        .filter((type): type is DescMessage => type.kind === "message")
        .map(({ typeName }) => [
          typeName,
          extensions.filter(({ extendee }) => extendee.typeName === typeName),
        ]),
    ),
  };
}

/** The file, then everything it imports, directly or not, each once. */
function withImports(file: DescFile): DescFile[] {
  return [...new Set([file, ...file.dependencies.flatMap(withImports)])];
}

/** The name an import statement uses; DescFile.name has no extension. */
function protoName(file: DescFile): string {
  return file.proto.name;
}

/** As protoc would have written it. */
function encode(file: DescFile): Uint8Array {
  return toBinary(FileDescriptorProtoSchema, file.proto);
}

/** The answer to one question, which repeats it as the protocol demands. */
function answer(schema: Schema, { host, messageRequest }: Question) {
  const asked = { host, messageRequest: copyOf(messageRequest) };
  return { validHost: host, originalRequest: asked, messageResponse: find(schema, messageRequest) };
}

/** The echo must not carry the other version's message type. */
function copyOf(asked: Question["messageRequest"]): Question["messageRequest"] {
  if (asked.case !== "fileContainingExtension") return asked;
  const { containingType, extensionNumber } = asked.value;
  return { case: asked.case, value: { containingType, extensionNumber } };
}

/** The answer to a question, or why there is none. */
function find(schema: Schema, asked: Question["messageRequest"]) {
  switch (asked.case) {
    case "listServices": {
      const service = schema.serviceNames.map((name) => ({ name }));
      return { case: "listServicesResponse", value: { service } } as const;
    }
    case "fileByFilename":
      return files(schema, asked.value, asked.value);
    case "fileContainingSymbol":
      return files(schema, schema.fileNameBySymbol.get(asked.value), asked.value);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = asked.value;
      const known = schema.extensionsByMessage.get(containingType);
      const extension = known?.find(({ number }) => number === extensionNumber);
      return files(schema, extension && protoName(extension.file), `${containingType}:${extensionNumber}`);
    }
    case "allExtensionNumbersOfType": {
      const known = schema.extensionsByMessage.get(asked.value);
      if (known === undefined) return errorResponse(Code.NotFound, `not found: "${asked.value}"`);
      const numbers = { baseTypeName: asked.value, extensionNumber: known.map(({ number }) => number) };
      return { case: "allExtensionNumbersResponse", value: numbers } as const;
    }
    case undefined:
      return errorResponse(Code.InvalidArgument, "the request asks nothing this server knows");
  }
}

/** A file with all that it imports, by its name. */
function files(schema: Schema, name: string | undefined, asked: string) {
  const found = name === undefined ? undefined : schema.filesByName.get(name);
  if (found === undefined) return errorResponse(Code.NotFound, `not found: "${asked}"`);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: found } } as const;
}

/** A failure of one question; the stream goes on. */
function errorResponse(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse", value: { errorCode, errorMessage } } as const;
}

/** The items until the signal aborts, without waiting for an item that may never come. */
async function* untilEnded<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  const iterator = items[Symbol.asyncIterator]();
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  while (!signal.aborted) {
    const next = await Promise.race([iterator.next(), aborted]);
    if (next === undefined || next.done) return;
    yield next.value;
  }
}
