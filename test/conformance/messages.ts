/**
 * The suite's messages, as far as its service reads or writes them. Their schema comes with the suite,
 * which is not there when types are checked; these stand in for what a generator would make of it.
 */
import { readFileSync } from "node:fs";
import {
  createFileRegistry,
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { type Any, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Code } from "@connectrpc/connect";

const PACKAGE = "connectrpc.conformance.v1";

export interface Header {
  readonly name: string;
  readonly value: readonly string[];
}

export interface RpcError {
  /** The numbers are those of Connect and gRPC. */
  readonly code: Code;
  readonly message?: string;
  readonly details: readonly Any[];
}

interface Definition {
  readonly responseHeaders: readonly Header[];
  readonly responseTrailers: readonly Header[];
  readonly responseDelayMs: number;
}

export interface UnaryDefinition extends Definition {
  readonly response:
    | { readonly case: "responseData"; readonly value: Uint8Array }
    | { readonly case: "error"; readonly value: RpcError }
    | { readonly case?: undefined };
}

export interface StreamDefinition extends Definition {
  readonly responseData: readonly Uint8Array[];
  readonly error?: RpcError;
}

/** A request of any method; only those of bidirectional streams have `fullDuplex`. */
export interface ConformanceRequest<D extends Definition> {
  readonly responseDefinition?: D;
  readonly fullDuplex?: boolean;
}

export interface RequestInfo {
  readonly requestHeaders?: readonly Header[];
  readonly timeoutMs?: bigint;
  readonly requests: readonly Any[];
  readonly connectGetInfo?: { readonly queryParams: readonly Header[] };
}

/** An answer of any method. */
export interface ConformanceResponse {
  readonly payload: { readonly data?: Uint8Array; readonly requestInfo?: RequestInfo };
}

/** What the suite asks of a server process, and what that tells of itself. */
export interface ServerCompatRequest {
  readonly useTls: boolean;
  /** Bytes; 0 for no limit. */
  readonly messageReceiveLimit: number;
  readonly serverCreds?: { readonly cert: Uint8Array; readonly key: Uint8Array };
}

/** The suite's schema out of a file with its descriptors. */
export interface ConformanceSchema {
  readonly types: FileRegistry;
  readonly service: DescService;
  message(name: string): DescMessage;
}

export function readSchema(file: string): ConformanceSchema {
  const types = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(file)));
  const service = types.getService(`${PACKAGE}.ConformanceService`);
  if (service === undefined) throw new Error(`${file} has no ConformanceService`);
  return {
    types,
    service,
    message(name) {
      const message = types.getMessage(`${PACKAGE}.${name}`);
      if (message === undefined) throw new Error(`${file} has no message ${name}`);
      return message;
    },
  };
}
