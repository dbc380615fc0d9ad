/** Every method and every route, with every kind of key: who gets in is decided by a table, and by nothing else. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { DescMethod, DescMethodStreaming, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { systemClock } from "../../src/lib/clock.ts";
import { servicePages } from "../../src/transport/pages/routes.ts";
import { REST_ROUTES } from "../../src/transport/rest/routes.ts";
import { openRestDoors, openRpcDoors, type RpcDoor } from "../support/doors.ts";
import type { RequestHeaders } from "../support/http.ts";
import { ADMIN_KEY, startTestService, WRITER_KEY } from "../support/service.ts";
import { METHODS, ROUTES, TAKES_SESSION } from "./authorization-table.ts";
import { makeCallers, rejectionOf } from "./callers.ts";

const GEN = join(import.meta.dirname, "../../gen");
/** The files of the dashboard, which are as open as its page. */
const DASHBOARD = ["/", "", ...readdirSync(join(GEN, "dashboard")).map((name) => `/${name}`)]
  .filter((name) => name !== "/index.html")
  .map((name) => `GET /dashboard${name}`);
const clock = { ...systemClock, shiftMs: 0, wallMs: () => Date.now() + clock.shiftMs };
const service = await startTestService({}, clock);
const { callers, secrets } = await makeCallers(service, clock);
const rpcDoors = openRpcDoors(service.url);
const restDoors = openRestDoors(service.url);
const services = await generatedServices();
/** Everything that any caller was told. */
const told: string[] = [];

test.after(async () => {
  for (const door of [...rpcDoors, ...restDoors]) door.close();
  await service.close();
});

async function generatedServices(): Promise<readonly DescService[]> {
  const files = readdirSync(GEN, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("_pb.js"),
  );
  const modules = await Promise.all(files.map((name) => import(join(GEN, name)) as Promise<object>));
  const isService = (value: unknown): value is DescService =>
    typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
  return modules.flatMap((module) => Object.values(module)).filter(isService);
}

const nameOf = (method: DescMethod) => `${method.parent.typeName}/${method.name}`;

test("whatever takes a session reads, and is one of these", () => {
  const methods = services.flatMap((each) => each.methods);
  for (const name of TAKES_SESSION) {
    const found = methods.find((method) => nameOf(method) === name);
    if (found === undefined) assert.match(name, /^GET |^POST \/session\/identity$/);
    else assert.is(found.idempotency, MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS, name);
  }
});

const isUnary = (method: DescMethod): method is DescMethodUnary => method.methodKind === "unary";

/** The reason of the failure, or undefined. */
async function call(door: RpcDoor, method: DescMethod, headers: RequestHeaders): Promise<string | undefined> {
  try {
    if (isUnary(method)) {
      const answer = await door.transport.unary(method, undefined, 5000, headers, {});
      told.push(JSON.stringify([...answer.header, ...answer.trailer]));
    } else {
      const end = new AbortController();
      const answer = await door.transport.stream(
        method as DescMethodStreaming,
        end.signal,
        5000,
        headers,
        noInput(),
      );
      for await (const _message of answer.message) break;
      end.abort();
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    told.push(JSON.stringify([error.message, [...error.metadata]]));
    return error.findDetails(ErrorInfoSchema)[0]?.reason ?? `${error.code}: ${error.message}`;
  }
}

async function* noInput() {
  yield {};
}

function isRefusal(reason: string | undefined): boolean {
  return reason !== undefined && /^(api_key_|permission_denied)/.test(reason);
}

test("every method of the generated code that is ours has a rule here, and so has everything that is served", async () => {
  const ours = services.filter(({ typeName }) => typeName.startsWith("mcp."));
  for (const method of ours.flatMap((each) => each.methods))
    assert.ok(METHODS[nameOf(method)], nameOf(method));
  const door = rpcDoors.find(({ protocol }) => protocol === "gRPC");
  assert.ok(door);
  const client = createClient(ServerReflection, door.transport);
  async function* question() {
    yield { messageRequest: { case: "listServices" as const, value: "" } };
  }
  for await (const { messageResponse } of client.serverReflectionInfo(question())) {
    assert.is(messageResponse.case, "listServicesResponse");
    if (messageResponse.case !== "listServicesResponse") continue;
    const served = messageResponse.value.service.map(({ name }) => name);
    assert.equal(served, [...new Set(Object.keys(METHODS).map((name) => name.split("/")[0]))].sort());
  }
});

for (const method of services.flatMap((each) => each.methods)) {
  const rule = METHODS[nameOf(method)];
  if (rule === undefined) continue;
  // A call in both directions needs HTTP/2; what is open needs no more than one proof of it a door.
  const able = method.methodKind === "unary" ? rpcDoors : rpcDoors.filter(({ http }) => http === 2);
  test(`${nameOf(method)} is for ${rule} only, through ${able.length} kinds of client with ${callers.length} kinds of key`, async () => {
    for (const door of able) {
      for (const caller of callers) {
        const reason = await call(door, method, caller.headers);
        const expected = rejectionOf(caller, rule, TAKES_SESSION.has(nameOf(method)));
        const name = `${door.name}, ${caller.name}: ${reason}`;
        if (expected === undefined) assert.not(isRefusal(reason), name);
        else assert.is(reason, expected, name);
      }
    }
  });
}

test("every REST route has a rule here", () => {
  const pages = servicePages({ version: "0", metricsPerRequestMax: 1 });
  assert.equal(
    Object.keys({ ...REST_ROUTES, ...pages }).sort(),
    [...Object.keys(ROUTES), ...DASHBOARD].sort(),
  );
});

/** Most bodies say it in a field, which is `code` for directories; OTLP's in a detail. */
function reasonIn(text: string): string | undefined {
  const { success, code, error, details = [] } = JSON.parse(text);
  if (success === false) return code;
  return error ?? details.find(({ reason }: { reason?: string }) => reason !== undefined)?.reason;
}

for (const [route, rule] of Object.entries(ROUTES)) {
  const [method = "", path = ""] = route.split(" ");
  const body = method === "POST" ? "{}" : undefined;
  // As a page of the service's own sends it: that alone lets nobody in.
  const site = method !== "GET" && path === "/session" ? { "sec-fetch-site": "same-origin" } : {};
  test(`${route} is for ${rule} only, with ${callers.length} kinds of key`, async () => {
    for (const door of restDoors) {
      for (const caller of callers) {
        const headers = { "content-type": "application/json", ...caller.headers, ...site };
        const { status, text, headers: received } = await door.send(method, path, headers, body);
        told.push(text, JSON.stringify([...received]));
        const expected = rejectionOf(caller, rule, TAKES_SESSION.has(route));
        const name = `${door.name}, ${caller.name}: ${text}`;
        if (expected === undefined) assert.not.ok([401, 403].includes(status), name);
        else assert.is(reasonIn(text), expected, name);
        if (expected !== undefined) assert.is(status, expected === "permission_denied" ? 403 : 401, name);
      }
    }
  });

  test(`${route} takes no key from the query string`, async () => {
    if (["open", "anonymous", "key or none"].includes(rule)) return;
    for (const door of restDoors) {
      for (const name of ["api_key", "x-api-key", "X-API-Key", "key", "access_token"]) {
        const { status, text } = await door.send(method, `${path}?${name}=${ADMIN_KEY}`, {}, body);
        told.push(text);
        assert.is(reasonIn(text), "api_key_missing", `${status} ${text}`);
      }
    }
  });
}

/** What is no call of an RPC, and what it is told once it has a key. */
const UNSPOKEN: readonly (readonly [method: string, contentType: string | undefined, status: number])[] = [
  ["GET", undefined, 415],
  ["PUT", "application/json", 405],
  ["HEAD", undefined, 405],
  ["POST", "text/plain", 415],
  ["POST", "application/x-www-form-urlencoded", 415],
];

test("a request to an RPC that is no call of it is asked for its key first", async () => {
  const [door] = restDoors;
  assert.ok(door);
  for (const [name, rule] of Object.entries(METHODS)) {
    if (name.startsWith("grpc.reflection.")) continue;
    for (const [method, contentType, status] of UNSPOKEN) {
      for (const caller of callers) {
        const headers = { ...(contentType && { "content-type": contentType }), ...caller.headers };
        const answer = await door.send(method, `/${name}`, headers, method === "POST" ? "x" : undefined);
        told.push(answer.text, JSON.stringify([...answer.headers]));
        const expected = rejectionOf(caller, rule, TAKES_SESSION.has(name));
        const what = `${method} ${name}, ${caller.name}: ${answer.status} ${answer.text}`;
        if (expected !== undefined)
          assert.is(answer.status, expected === "permission_denied" ? 403 : 401, what);
        else assert.ok([status, 405].includes(answer.status), what);
        if (answer.status === 405) assert.match(answer.headers.get("allow") ?? "", "POST", what);
        if (method === "HEAD") continue;
        // In JSON clients of Connect would look for an error of its own form.
        if (expected !== undefined) assert.ok(reasonIn(answer.text), what);
        else assert.match(answer.text, /^(Method Not Allowed|Content-Type must be one of .*)\n$/, what);
      }
    }
  }
});

test("an RPC takes no key from the query string, of a Connect GET or any other", async () => {
  const path = "/mcp.metrics.v1.MetricsService/RateLimitStatus";
  const query = `api_key=${ADMIN_KEY}&x-api-key=${ADMIN_KEY}`;
  const get = await fetch(`${service.url}${path}?connect=v1&encoding=json&message=%7B%7D&${query}`);
  const headers = { "content-type": "application/json" };
  const post = await fetch(`${service.url}${path}?${query}`, { method: "POST", headers, body: "{}" });
  for (const answer of [get, post]) {
    assert.is(answer.status, 401);
    const text = await answer.text();
    told.push(text);
    assert.match(text, "API key required");
  }
});

test("two different X-API-Key headers are nobody's key", async () => {
  const headers = new Headers([
    ["x-api-key", ADMIN_KEY],
    ["x-api-key", WRITER_KEY],
  ]);
  assert.is((await fetch(`${service.url}/rate-limit`, { headers })).status, 401);
});

test("an unknown path asks for no key and answers all alike", async () => {
  for (const { headers } of callers.slice(0, 13)) {
    const answer = await fetch(`${service.url}/no/such/path`, { headers });
    const { request_id: _id, ...body } = (await answer.json()) as Record<string, unknown>;
    assert.is(answer.status, 404);
    assert.is(body.detail, "Not Found");
  }
});

test("no key of any kind is in the log or in an answer", () => {
  assert.ok(told.length > 1000, `${told.length} answers`);
  const log = JSON.stringify(service.logs);
  for (const secret of secrets) {
    assert.not.ok(log.includes(secret), "log");
    assert.not.ok(
      told.some((text) => text.includes(secret)),
      "answer",
    );
  }
});

test.run();
