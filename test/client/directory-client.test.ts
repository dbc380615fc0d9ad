import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DirectoryService } from "../../gen/mcp/directory/v1/directory_service_pb.js";
import { DirectoryClient, DirectoryError } from "../../src/client/index.ts";
import { ADMIN_KEY } from "../support/service.ts";
import { TestClock } from "../support/time.ts";
import { eventually } from "../support/wait.ts";
import { closeAll, openProxy, type RestartableService, startService } from "./client-and-service.ts";

test.after.each(closeAll);

async function register(service: RestartableService, serverId: string, isSigned: boolean) {
  const registry = createClient(DirectoryService, createConnectTransport({ baseUrl: service.url }));
  const { apiKey, webhookSecret } = await registry.registerServer(
    {
      serverId,
      name: `Server ${serverId}`,
      isPublic: true,
      tools: ["search"],
      ...(isSigned && { secret: { case: "generateWebhookSecret", value: {} } }),
    },
    { headers: { "x-api-key": ADMIN_KEY } },
  );
  return { apiKey, secret: isSigned ? webhookSecret : undefined };
}

const METRICS = [
  { name: "response_time", value: 120.5, type: "gauge", tags: { endpoint: "query" } },
  { name: "api_requests", value: 3, type: "counter" },
] as const;

for (const isSigned of [false, true]) {
  test(`what a server collects is what is fetched, ${isSigned ? "signed" : "by its key alone"}`, async () => {
    const service = await startService();
    const { apiKey, secret } = await register(service, "s1", isSigned);
    const client = new DirectoryClient({ url: service.url, apiKey, secret });
    const receipt = await client.collect("s1", METRICS);
    assert.equal([receipt.metrics_inserted, receipt.rejected, receipt.errors], [2, 0, []]);
    const found = await client.fetchServerMetrics("s1", { period: "1h" });
    assert.is(found.server_name, "Server s1");
    assert.equal(
      found.latency.map(({ value }) => value).filter((value) => value !== 0 && value !== null),
      [120.5],
    );
  });
}

test("a wrong secret is rejected with the service's reason", async () => {
  const service = await startService();
  const { apiKey } = await register(service, "s1", true);
  const client = new DirectoryClient({ url: service.url, apiKey, secret: "wrong" });
  const error = await client.collect("s1", METRICS).catch((failure) => failure);
  assert.instance(error, DirectoryError);
  assert.equal([error.reason, error.status], ["signature_invalid", 401]);
  assert.is(error.message, "Invalid webhook signature");
});

test("views, installations and uses of tools are recorded", async () => {
  const service = await startService();
  const { apiKey } = await register(service, "s1", false);
  const client = new DirectoryClient({ url: service.url, apiKey });
  assert.is(await client.trackView("s1", { userId: "u1", details: { page: "home" } }), true);
  assert.is(await client.trackInstall("s1"), true);
  assert.is(await client.trackToolUsage("s1", "search"), true);
  const rows = service.query("SELECT action, tool_id, user_id FROM server_usage ORDER BY id");
  assert.equal(
    rows.map(({ action, tool_id }) => [action, tool_id]),
    [
      ["view", null],
      ["install", null],
      ["invoke", "search"],
    ],
  );
  assert.ok(rows[0]?.user_id);
  assert.not.equal(rows[0]?.user_id, "u1");
});

test("tracking never rejects, whatever is wrong", async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const service = await startService();
  const nobody = new DirectoryClient({ url: "http://127.0.0.1:1" });
  const stranger = new DirectoryClient({ url: service.url });
  assert.is(await nobody.trackView("s1"), false);
  assert.is(await stranger.trackView(""), false);
  assert.is(await stranger.trackInstall("s1", { details: cyclic }), false);
});

test("collected metrics whose answer was lost are stored once", async () => {
  const service = await startService();
  const { apiKey, secret } = await register(service, "s1", true);
  const proxy = await openProxy(service.port);
  const clock = new TestClock(Date.now());
  const client = new DirectoryClient({ url: proxy.url, apiKey, secret, clock });
  const count = () => Number(service.query("SELECT count(*) AS rows FROM server_metrics")[0]?.rows);
  proxy.swallow();
  const collected = client.collect("s1", METRICS);
  await eventually(() => count() === 2);
  proxy.heal();
  await eventually(() => clock.pendingTimers > 0);
  clock.advance(1000);
  assert.is((await collected).metrics_inserted, 2);
  assert.is(count(), 2);
});

test("the directory is asked again while it is away, as long as that is short", async () => {
  const clock = new TestClock();
  let asked = 0;
  // Away twice, then back, as a service that restarts; its last answer asks for an hour.
  const away = createServer((_request, response) => {
    asked += 1;
    response.statusCode = asked === 3 ? 200 : 503;
    response.setHeader("retry-after", asked > 3 ? "3600" : "1");
    response.end(asked === 3 ? '{"metrics":{"server_id":"s1"}}' : "<html>away</html>");
  });
  await new Promise<void>((resolve) => void away.listen(0, "127.0.0.1", resolve));
  const client = new DirectoryClient({
    url: `http://127.0.0.1:${(away.address() as AddressInfo).port}/`,
    clock,
  });
  const fetched = client.fetchServerMetrics("s1");
  for (const round of [1, 2]) {
    await eventually(() => asked === round && clock.pendingTimers > 0);
    clock.advance(2000);
  }
  assert.is((await fetched).server_id, "s1");
  const refused = await client.fetchServerMetrics("s1").catch((error) => error);
  away.closeAllConnections();
  away.close();
  assert.equal([refused.status, refused.retryAfterMs, asked], [503, 3_600_000, 4]);
});

test.run();
