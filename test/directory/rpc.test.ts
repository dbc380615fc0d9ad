import { timestampDate, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient } from "@connectrpc/connect";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { AdminService, KeyRole } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { ADMIN } from "../support/http.ts";
import { readRows } from "../support/sql.ts";
import { countOf, type DirectoryContext, openDirectory, sign } from "./directory-service.ts";

const test = suite<DirectoryContext>("DirectoryService");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

/** How a call failed: the reason, the text and the fields that broke a rule. */
async function failureOf(
  call: Promise<unknown>,
): Promise<readonly [string | undefined, string, readonly string[]]> {
  const error = await call.then(
    () => assert.unreachable("it did not fail"),
    (failure: unknown) => failure,
  );
  if (!(error instanceof ConnectError)) throw error;
  const fields = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations);
  return [error.findDetails(ErrorInfoSchema)[0]?.reason, error.rawMessage, fields.map(({ field }) => field)];
}

const value = (text: string) => ({ kind: { case: "stringValue" as const, value: text } });
const metric = { name: "response_time", value: 120.5, type: "gauge", tags: { endpoint: value("query") } };

test("through every protocol a server's metrics are stored, shown, and rejected one by one", async (context) => {
  for (const { name, directory } of context.clients) {
    const { id, key } = await context.register(`rpc-${name.replaceAll(/[^A-Za-z0-9]/g, "-")}`);
    const headers = { ...key };
    const timestamp = timestampFromMs(Date.now() - 1000);
    const metrics = [metric, { ...metric, name: "api_requests", type: "counter", timestamp }, { name: "x" }];
    const stored = await directory.collect({ serverId: id, metrics, idempotencyKey: "once" }, { headers });
    assert.equal(
      [stored.serverId, stored.metricsProcessed, stored.metricsInserted, stored.rejected, stored.duplicate],
      [id, 3, 2, 1, false],
      name,
    );
    assert.equal(
      stored.rejections.map(({ index, field, reason }) => [index, field, reason]),
      [
        [2, "type", "required"],
        [2, "value", "required"],
      ],
    );
    const again = await directory.collect({ serverId: id, metrics, idempotencyKey: "once" }, { headers });
    assert.equal([again.duplicate, again.timestamp], [true, stored.timestamp]);
    const rows = readRows(
      context.service.databasePath,
      "SELECT metric_tags, recorded_at FROM server_metrics WHERE server_id = ? ORDER BY id",
      id,
    );
    assert.equal(rows, [
      {
        metric_tags: '{"endpoint":"query"}',
        recorded_at: timestampDate(stored.timestamp as never).toISOString(),
      },
      { metric_tags: '{"endpoint":"query"}', recorded_at: timestampDate(timestamp).toISOString() },
    ]);
    const figures = await directory.fetchMetrics(
      { serverId: id, period: "90d", percentiles: ["p50"] },
      { headers },
    );
    assert.equal(
      [figures.serverName, figures.period, figures.step?.seconds],
      [`Server ${id}`, "90d", 86_400n],
    );
    assert.is(figures.requests[0]?.value, 120.5);
    assert.ok(Math.abs((figures.latency[0]?.percentiles.p50 ?? 0) - 120.5) < 1.21);
    const tracked = await directory.trackUsage({ serverId: id, action: "view", details: { page: 2 } });
    assert.equal([tracked.recorded, tracked.action, tracked.serverId], [true, "view", id]);
    const { uses } = await directory.listUsage({ serverId: id }, { headers });
    assert.equal(
      uses.map(({ action, details }) => [action, details]),
      [["view", { page: 2 }]],
    );
  }
});

test("what a webhook has signed is taken through RPC byte by byte, and once", async (context) => {
  for (const [index, { name, directory }] of context.clients.entries()) {
    const { id, key, secret } = await context.register(`signed-${index}`, { signed: true });
    const headers = { ...key };
    const body = JSON.stringify({ server_id: id, metrics: [{ name: "up", value: 1, type: "gauge" }] });
    const signedPayload = new TextEncoder().encode(body);
    const signature = `sha256=${sign(secret, body)}`;
    const refused = [
      { serverId: id, metrics: [metric] },
      { signedPayload },
      { signedPayload, signature: signature.slice(0, -1) },
      { signedPayload: new TextEncoder().encode(`${body} `), signature },
    ];
    for (const request of refused) {
      const [reason, message] = await failureOf(directory.collect(request, { headers }));
      assert.equal([reason, message], ["signature_invalid", "Invalid webhook signature"], name);
    }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => directory.collect({ signedPayload, signature }, { headers })),
    );
    assert.is(answers.filter(({ duplicate }) => !duplicate).length, 1);
    assert.is(countOf(context, id), 1);
  }
});

test("REST and RPC know each other's requests: a body that was stored through one is not stored through the other", async (context) => {
  const { id, key, secret } = await context.register("both", { signed: true });
  const body = JSON.stringify({ server_id: id, metrics: [{ name: "up", value: 1, type: "gauge" }] });
  const signature = sign(secret, body);
  const rest = await context.send(
    "POST",
    "/functions/v1/metrics-collect",
    { ...key, "x-signature": signature },
    body,
  );
  assert.is(rest.status, 200);
  const signedPayload = new TextEncoder().encode(body);
  const rpc = await context.rpc.collect({ signedPayload, signature }, { headers: { ...key } });
  assert.is(rpc.duplicate, true);
  assert.is(countOf(context, id), 1);
});

test("failures have the reasons and texts of REST", async (context) => {
  const { id, key } = await context.register("failing");
  const own = { headers: { ...key } };
  const admin = { headers: { ...ADMIN } };
  const { rpc } = context;
  const cases: readonly (readonly [() => Promise<unknown>, string, string, readonly string[]])[] = [
    [() => rpc.collect({ metrics: [metric] }, own), "malformed_body", "Server ID is required", []],
    [() => rpc.collect({ serverId: id }, own), "malformed_body", "Metrics data is required", []],
    [
      () => rpc.collect({ serverId: "other", metrics: [metric] }, own),
      "api_key_invalid",
      "Invalid API key",
      [],
    ],
    [() => rpc.collect({ serverId: "other", metrics: [metric] }, admin), "not_found", "Server not found", []],
    [
      () => rpc.collect({ serverId: id, metrics: [{ ...metric, value: Number.NaN }] }, own),
      "validation_failed",
      "no metric could be accepted: metrics[0].value: value cannot be NaN",
      ["metrics[0].value"],
    ],
    [
      () => rpc.collect({ signedPayload: new Uint8Array([123]) }, own),
      "malformed_body",
      "Invalid JSON payload",
      [],
    ],
    [() => rpc.fetchMetrics({ serverId: id, period: "1y" }, own), "malformed_body", "Invalid period", []],
    [() => rpc.fetchMetrics({ serverId: id }), "api_key_missing", "API key required in X-API-Key header", []],
    [() => rpc.trackUsage({ serverId: id }), "malformed_body", "Server ID and action are required", []],
    [() => rpc.trackUsage({ serverId: id, action: "look" }), "malformed_body", "Invalid action type", []],
    [
      () => rpc.aggregate({ date: "2026-02-30" }, admin),
      "validation_failed",
      'date "2026-02-30" must be a day up to today, as YYYY-MM-DD',
      ["date"],
    ],
    [() => rpc.updateServer({ serverId: "other", name: "x" }, admin), "not_found", "Server not found", []],
    [
      () => rpc.registerServer({ serverId: id, rateLimit: 0, webhookUrl: "javascript:1" }, admin),
      "validation_failed",
      "webhook_url must be an http or https URL of at most 2000 characters, or empty; rate_limit must be a whole number from 1 to 1000000",
      ["webhook_url", "rate_limit"],
    ],
    [
      () => rpc.setWebhookSecret({ serverId: id, secret: { case: "webhookSecret", value: "short" } }, admin),
      "validation_failed",
      "webhook_secret must have 16 to 256 printable ASCII characters",
      ["webhook_secret"],
    ],
  ];
  for (const [call, reason, message, fields] of cases)
    assert.equal(await failureOf(call()), [reason, message, fields]);
});

test("events are recorded by the server and by administrators, and listed latest first", async (context) => {
  const { id, key } = await context.register("eventful");
  const other = await context.register("uneventful");
  const timestamp = timestampFromMs(Date.now() - 60_000);
  const own = { headers: { ...key } };
  const { event } = await context.rpc.recordEvent(
    {
      serverId: id,
      eventType: "version_change",
      previousValue: "1",
      newValue: "2",
      details: { by: "ci" },
      timestamp,
    },
    own,
  );
  assert.equal(
    [event?.eventType, event?.previousValue, event?.newValue, event?.details, event?.recordedBy],
    ["version_change", "1", "2", { by: "ci" }, "server"],
  );
  assert.is(event?.timestamp && timestampMs(event.timestamp), timestampMs(timestamp));
  await context.rpc.recordEvent({ serverId: id, eventType: "maintenance" }, { headers: { ...ADMIN } });
  const checks = [1, 0].map((up) => ({ name: "health_check", type: "gauge", value: up }));
  await context.rpc.collect({ serverId: id, metrics: checks }, own);
  for (const headers of [key, ADMIN, context.reader]) {
    const { events } = await context.rpc.listEvents({ serverId: id }, { headers: { ...headers } });
    assert.equal(
      events.map(({ eventType, newValue, recordedBy }) => `${eventType} ${newValue} ${recordedBy}`),
      [
        "status_change down service",
        "status_change up service",
        "maintenance  admin",
        "version_change 2 server",
      ],
    );
  }
  for (const [request, headers, reason] of [
    [{ serverId: id, eventType: "party" }, key, "validation_failed"],
    [{ serverId: id, eventType: "error" }, other.key, "api_key_invalid"],
    [{ serverId: id, eventType: "error" }, context.reader, "permission_denied"],
    [{ serverId: "absent", eventType: "error" }, ADMIN, "not_found"],
  ] as const) {
    assert.is((await failureOf(context.rpc.recordEvent(request, { headers: { ...headers } })))[0], reason);
  }
});

test("a server whose key was revoked is rejected, and gets a new one by rotation", async (context) => {
  const { id, key } = await context.register("revoked");
  const admin = { headers: { ...ADMIN } };
  const send = (headers: Readonly<Record<string, string>>) =>
    context.send("POST", `/functions/v1/metrics-collect/${id}`, headers, {
      metrics: [{ name: "up", value: 1, type: "gauge" }],
    });
  const [stored] = readRows(context.service.databasePath, "SELECT id FROM api_keys WHERE server_id = ?", id);
  await createClient(AdminService, context.transport).revokeKey({ id: BigInt(Number(stored?.id)) }, admin);
  const refused = await send(key);
  assert.equal([refused.status, refused.body.code], [401, "api_key_inactive"]);
  const { apiKey } = await context.rpc.rotateServerKey({ serverId: id }, admin);
  assert.is((await send({ "x-api-key": apiKey })).status, 200);
  const made = createClient(AdminService, context.transport).createKey(
    { service: "x", role: KeyRole.SERVER },
    admin,
  );
  assert.equal((await failureOf(made))[2], ["role"], "keys of servers are made by registration only");
});

test("nothing that a shell reads shows a secret", async (context) => {
  const { id, secret, key } = await context.register("sealed", { signed: true });
  const tables = readRows(
    context.service.databasePath,
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')",
  );
  const dump = tables.map(({ name }) =>
    JSON.stringify(readRows(context.service.databasePath, `SELECT * FROM "${name}"`)),
  );
  for (const hidden of [secret, String(key["x-api-key"])])
    assert.not.ok(dump.some((text) => text.includes(hidden)));
  const [server] = readRows(context.service.databasePath, "SELECT * FROM servers WHERE id = ?", id);
  assert.is(server?.has_webhook_secret, 1);
  assert.not.ok(Object.keys(server ?? {}).some((name) => /sealed/.test(name)));
  const { servers } = await context.rpc.listServers({}, { headers: { ...context.reader } });
  assert.is(servers.find(({ serverId }) => serverId === id)?.hasWebhookSecret, true);
});

test("servers are listed page by page, each of them once", async (context) => {
  for (const id of ["page-1", "page-2", "page-3"]) await context.register(id);
  const headers = { ...context.reader };
  const all = (await context.rpc.listServers({}, { headers })).servers.map(({ serverId }) => serverId);
  const paged: string[] = [];
  let pageToken = "";
  do {
    const page = await context.rpc.listServers({ pageSize: 2, pageToken }, { headers });
    assert.ok(page.servers.length <= 2);
    paged.push(...page.servers.map(({ serverId }) => serverId));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  assert.equal(paged, all);
  assert.ok(all.includes("page-3"));
});

test.run();
