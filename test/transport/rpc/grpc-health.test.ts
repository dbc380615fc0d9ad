import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.js";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/grpc/health/v1/health_pb.js";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { completeErrors } from "../../../src/transport/rpc/failures.ts";
import { grpcHealthRoutes } from "../../../src/transport/rpc/grpc-health.ts";
import { listenH2c } from "../../support/raw-rpc.ts";
import { eventually } from "../../support/wait.ts";

async function setup(watchersMax?: number) {
  const shutdown = new AbortController();
  const listeners = new Set<() => void>();
  let serving = true;
  const routes = grpcHealthRoutes({
    services: [MetricsService],
    isServing: () => serving,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    signal: shutdown.signal,
    ...(watchersMax === undefined ? {} : { watchersMax }),
  });
  const server = await listenH2c(
    connectNodeAdapter({ routes, requestGate: (context) => completeErrors(context) }),
  );
  return {
    server,
    shutdown,
    listeners,
    client: createClient(Health, createGrpcTransport({ baseUrl: server.url })),
    setServing(now: boolean) {
      serving = now;
      for (const listener of listeners) listener();
    },
  };
}

/** What a failed call says: its code and its reason. */
async function refusal(call: Promise<unknown>): Promise<[Code, string | undefined]> {
  try {
    await call;
  } catch (error) {
    const failure = ConnectError.from(error);
    return [failure.code, failure.findDetails(ErrorInfoSchema)[0]?.reason];
  }
  throw new Error("the call did not fail");
}

/** The status of the next message of a Watch, `undefined` at its end. */
function reader(watch: AsyncIterable<{ status: Status }>) {
  const iterator = watch[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await iterator.next();
    return done ? undefined : value.status;
  };
}

test("Check answers whether the server and each of its services take calls", async () => {
  const { server, client, setServing } = await setup();
  for (const service of ["", "mcp.metrics.v1.MetricsService"]) {
    setServing(true);
    assert.is((await client.check({ service })).status, Status.SERVING);
    setServing(false);
    assert.is((await client.check({ service })).status, Status.NOT_SERVING);
  }
  await server.close();
});

test("Check of a service that is not served is not_found", async () => {
  const { server, client } = await setup();
  assert.equal(await refusal(client.check({ service: "none.Such" })), [Code.NotFound, "not_found"]);
  await server.close();
});

test("Watch sends the status, then every change and nothing twice", async () => {
  const { server, client, setServing } = await setup();
  const next = reader(client.watch({}));
  assert.is(await next(), Status.SERVING);
  setServing(true);
  setServing(false);
  assert.is(await next(), Status.NOT_SERVING);
  setServing(true);
  assert.is(await next(), Status.SERVING);
  await server.close();
});

test("Watch of a service that is not served says so and stays open", async () => {
  const { server, client, listeners } = await setup();
  const next = reader(client.watch({ service: "none.Such" }));
  assert.is(await next(), Status.SERVICE_UNKNOWN);
  assert.is(listeners.size, 1);
  await server.close();
});

test("at shutdown a Watch receives NOT_SERVING and ends", async () => {
  const { server, client, shutdown, listeners } = await setup();
  const next = reader(client.watch({}));
  assert.is(await next(), Status.SERVING);
  shutdown.abort();
  assert.is(await next(), Status.NOT_SERVING);
  assert.equal(await refusal(next()), [Code.Unavailable, "shutting_down"]);
  assert.is(listeners.size, 0);
  await server.close();
});

test("a watcher who leaves makes room for the next; more than the limit are rejected", async () => {
  const { server, client, listeners } = await setup(1);
  const leaving = new AbortController();
  const first = reader(client.watch({}, { signal: leaving.signal }));
  assert.is(await first(), Status.SERVING);
  const refused = refusal(reader(client.watch({}))());
  assert.equal(await refused, [Code.ResourceExhausted, "rate_limited"]);
  leaving.abort();
  assert.is((await refusal(first()))[0], Code.Canceled);
  await eventually(() => listeners.size === 0);
  assert.is(await reader(client.watch({}))(), Status.SERVING);
  await server.close();
});

test.run();
