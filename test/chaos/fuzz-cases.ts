import { fromJson, toBinary } from "@bufbuild/protobuf";
import { createRandom, type Random } from "../../bench/random.ts";
import { createWorkload } from "../../bench/workload.ts";
import { SubmitRequestSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { almostJson } from "./fuzz-json.ts";
import { mutate } from "./fuzz-mutate.ts";
import { almostProto } from "./fuzz-proto.ts";
import { brokenEnvelope, encodeBody, envelope, ODD_HEADERS } from "./fuzz-wrap.ts";

/** A way to submit: protocol, encoding and HTTP version. */
export interface Door {
  readonly name: string;
  readonly http: 1 | 2;
  readonly path: string;
  readonly contentType: string;
  readonly format: "json" | "proto";
  /** Messages travel in gRPC's envelope, and the status in trailers. */
  readonly isEnveloped: boolean;
}

const RPC = "/mcp.metrics.v1.MetricsService/Submit";
const json = { format: "json", isEnveloped: false, contentType: "application/json" } as const;
const proto = { format: "proto", isEnveloped: false, path: RPC, contentType: "application/proto" } as const;
const web = {
  format: "proto",
  isEnveloped: true,
  path: RPC,
  contentType: "application/grpc-web+proto",
} as const;
export const DOORS: readonly Door[] = [
  { name: "rest", http: 1, path: "/metrics", ...json },
  { name: "rest", http: 2, path: "/metrics", ...json },
  { name: "connect-json", http: 1, path: RPC, ...json },
  { name: "connect-json", http: 2, path: RPC, ...json },
  { name: "connect-proto", http: 1, ...proto },
  { name: "connect-proto", http: 2, ...proto },
  {
    name: "grpc",
    http: 2,
    path: RPC,
    contentType: "application/grpc+proto",
    format: "proto",
    isEnveloped: true,
  },
  {
    name: "grpc-json",
    http: 2,
    path: RPC,
    contentType: "application/grpc+json",
    format: "json",
    isEnveloped: true,
  },
  { name: "grpc-web", http: 1, ...web },
  { name: "grpc-web", http: 2, ...web },
];

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  /** What Content-Length says over HTTP/1.1; it may lie. */
  readonly length: number | "chunked";
}

export interface FuzzCase {
  readonly index: number;
  readonly door: Door;
  /** What was done to it, for the report. */
  readonly recipe: string;
  readonly request: FuzzRequest;
  /** HTTP itself is violated, so a connection that just ends is an answer too. */
  readonly mayDrop: boolean;
}

/** Case number `index` of a seed; the same in every run. */
export function createCase(seed: number, index: number, apiKey: string): FuzzCase {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const door = random.pick(DOORS);
  const content = createContent(random, door);
  const wrapped = wrap(random, door, content.bytes);
  const recipe = [content.name, wrapped.name];
  const headers = new Map<string, string>([
    ["content-type", door.contentType],
    [
      "x-api-key",
      random.chance(0.03) ? random.pick(["", "wrong", `${apiKey}\xff`, "k".repeat(10_000)]) : apiKey,
    ],
  ]);
  if (door.isEnveloped) headers.set("te", "trailers");
  if (wrapped.coding !== undefined) headers.set("content-encoding", wrapped.coding);
  // Few enough that retries, conflicts and races among the lanes happen.
  if (random.chance(0.05)) headers.set("idempotency-key", `fuzz-${random.below(20)}`);
  const isHeaderOdd = random.chance(0.12);
  if (isHeaderOdd) {
    const [name, value] = random.pick(ODD_HEADERS);
    headers.set(name, value);
    recipe.push(`${name}: ${value.slice(0, 30)}`);
  }
  const method = random.chance(0.02)
    ? random.pick(["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "QUERY"])
    : "POST";
  const path = random.chance(0.02) ? random.pick(oddPaths(door.path)) : door.path;
  if (method !== "POST" || path !== door.path) recipe.push(`${method} ${path}`);
  const length = createLength(random, wrapped.bytes.length);
  if (length !== wrapped.bytes.length) recipe.push(`length ${length}`);
  // HTTP/2 allows the path `*` with OPTIONS only.
  const mayDrop =
    isHeaderOdd || path === "*" || (typeof length === "number" && length !== wrapped.bytes.length);
  const request = { method, path, headers: [...headers], body: wrapped.bytes, length };
  return { index, door, recipe: recipe.filter((part) => part !== "").join(" | "), request, mayDrop };
}

function createContent(random: Random, door: Door): { name: string; bytes: Buffer } {
  const workload = createWorkload(random.below(2 ** 31));
  const metrics = Array.from({ length: 1 + random.below(4) }, () => workload.next());
  const submission = { service: "fuzz", version: "1.0.0", metrics: metrics.map((metric) => ({ ...metric })) };
  const asJson = Buffer.from(JSON.stringify(submission));
  const asProto = Buffer.from(toBinary(SubmitRequestSchema, fromJson(SubmitRequestSchema, submission)));
  const [right, wrong] = door.format === "json" ? [asJson, asProto] : [asProto, asJson];
  const drawn = random.unit();
  if (drawn < 0.05) return { name: "other-format", bytes: wrong };
  if (drawn < 0.15) return { name: "valid", bytes: right };
  if (drawn < 0.5) return mutate(random, right);
  return door.format === "json" ? almostJson(random, metrics) : almostProto(random);
}

function wrap(random: Random, door: Door, bytes: Buffer): { name: string; coding?: string; bytes: Buffer } {
  if (door.isEnveloped) {
    return random.chance(0.25) ? brokenEnvelope(random, bytes) : { name: "", bytes: envelope(bytes) };
  }
  return random.chance(0.08) ? encodeBody(random, bytes) : { name: "", bytes };
}

function oddPaths(path: string): string[] {
  return [
    `${path}/`,
    `/${path}`,
    `${path}?x=%zz&y=\xff`,
    `${path}%00`,
    `${path}Nope`,
    "/%2e%2e/metrics",
    "/",
    "*",
  ];
}

function createLength(random: Random, actual: number): number | "chunked" {
  const drawn = random.unit();
  if (drawn < 0.04) return "chunked";
  if (drawn < 0.07) return actual + 1 + random.below(1000);
  if (drawn < 0.09) return Math.max(0, actual - 1 - random.below(20));
  return actual;
}
