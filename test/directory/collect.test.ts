import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ADMIN, WRITER } from "../support/http.ts";
import { WRONG_KEY } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { COLLECT, countOf, type DirectoryContext, ISO, openDirectory } from "./directory-service.ts";

const test = suite<DirectoryContext>("Collect");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

const METRIC = { name: "response_time", value: 120.5, type: "gauge", tags: { endpoint: "query" } };
test("it answers in the specified shape once the metrics are on disk, and rejects bad ones alone", async (context) => {
  const { key } = await context.register("shape");
  const metrics = [
    { ...METRIC, timestamp: "2025-06-02T14:30:00Z" },
    { name: "api_requests", value: "3", type: "counter" },
    { name: "api_requests", value: null, type: "counter" },
    { name: "x".repeat(101), value: 1, type: "no type" },
    { ...METRIC, tags: { "not a key": 1 } },
    "no object",
  ];
  const { status, body } = await context.send("POST", COLLECT, key, { server_id: "shape", metrics });
  const { timestamp, warnings, ...rest } = body;
  assert.match(String(timestamp), ISO);
  assert.equal(
    [status, rest],
    [
      200,
      {
        success: true,
        metrics_processed: 6,
        metrics_inserted: 2,
        server_id: "shape",
        rejected: 4,
        errors: [
          "metrics[2].value: Metric value is required",
          'metrics[3].type: metric type "no type" is none of counter, count, gauge, timer, histogram, distribution',
          "metrics[3].name: Metric name too long: at most 100 characters",
          'metrics[4].tags.not a key: Tag key "not a key" must start with letter or _ and hold only letters, digits and _',
          'metrics[5]: a metric must be an object, not "no object"',
        ],
      },
    ],
  );
  assert.match(String(warnings), /metrics\[0\].*very old/);
  const rows = readRows(
    context.service.databasePath,
    "SELECT metric_name, metric_value, metric_type, metric_tags, recorded_at FROM server_metrics WHERE server_id = 'shape' ORDER BY id",
  );
  assert.equal(rows[0], {
    metric_name: "response_time",
    metric_value: 120.5,
    metric_type: "gauge",
    metric_tags: '{"endpoint":"query"}',
    recorded_at: "2025-06-02T14:30:00.000Z",
  });
  assert.equal([rows[1]?.metric_value, rows[1]?.recorded_at], [3, timestamp]);
});

test("a name or a type that is empty is one that was left out", async (context) => {
  const { key } = await context.register("unnamed");
  const metrics = ["name", "type"].flatMap((field) =>
    ["", null, undefined].map((value) => ({ ...METRIC, [field]: value })),
  );
  const { body } = await context.send("POST", COLLECT, key, {
    server_id: "unnamed",
    metrics: [METRIC, ...metrics],
  });
  assert.equal(body.errors, [
    "metrics[1].name: Metric name is required",
    "metrics[2].name: Metric name is required",
    "metrics[3].name: Metric name is required",
    "metrics[4].type: Metric type is required",
    "metrics[5].type: Metric type is required",
    "metrics[6].type: Metric type is required",
  ]);
});

test("a metric's time is its own, else the body's, else now; the server is named in path or body", async (context) => {
  const { key } = await context.register("times");
  const timestamp = new Date(Date.now() - 3_600_000).toISOString();
  const own = new Date(Date.now() - 7_200_000).toISOString();
  const metrics = [METRIC, { ...METRIC, timestamp: own }];
  for (const [path, names] of [
    ["", { server_id: "times" }],
    ["", { serverId: "times" }],
    ["/times", {}],
    ["/times", { server_id: "times", serverId: "times" }],
  ] as const) {
    const { status, body } = await context.send("POST", COLLECT + path, key, {
      ...names,
      timestamp,
      metrics,
    });
    assert.equal([status, body.server_id], [200, "times"]);
  }
  const at = readRows(
    context.service.databasePath,
    "SELECT DISTINCT recorded_at FROM server_metrics WHERE server_id = 'times' ORDER BY 1 DESC",
  );
  assert.equal(
    at.map(({ recorded_at }) => recorded_at),
    [timestamp, own],
  );
  const old = "2025-06-02T14:30:00Z";
  const late = await context.send("POST", `${COLLECT}/times`, key, { timestamp: old, metrics: [METRIC] });
  assert.equal(late.body.warnings, [`timestamp "${old}" is very old: over 7 days`], "once for all of them");
});

test("of more metrics than a request may have the first are stored, and the rest is rejected in one line", async (context) => {
  const { key } = await context.register("surplus");
  const metrics = Array(130).fill(METRIC);
  const { status, body } = await context.send("POST", `${COLLECT}/surplus`, key, { metrics });
  assert.is(status, 200);
  assert.equal([body.metrics_processed, body.metrics_inserted, body.rejected], [130, 100, 30]);
  assert.equal(body.errors, ["metrics[100]: Too many metrics in request: 130, max 100"]);
  assert.is(countOf(context, "surplus"), 100);
  for (const { name, directory } of context.clients) {
    const answer = await directory.collect(
      { serverId: "surplus", metrics: Array(101).fill({ name: "m", type: "gauge", value: 1 }) },
      { headers: { ...key } },
    );
    assert.equal([answer.metricsInserted, answer.rejected], [100, 1], name);
  }
});

test("every rejection has its status, text and code, whatever is right besides", async (context) => {
  const { key } = await context.register("refused");
  await context.register("another");
  const body = (more: object) => ({ server_id: "refused", metrics: [METRIC], ...more });
  const cases: readonly (readonly [object | string, string, number, string, string])[] = [
    ["{", "", 400, "Invalid JSON payload", "malformed_body"],
    ["", "", 400, "Invalid JSON payload", "malformed_body"],
    ["[1]", "", 400, "Invalid JSON payload", "malformed_body"],
    [{ metrics: [METRIC] }, "", 400, "Server ID is required", "malformed_body"],
    [body({ metrics: undefined }), "", 400, "Metrics data is required", "malformed_body"],
    [body({ metrics: [] }), "", 400, "Metrics data is required", "malformed_body"],
    [body({ metrics: "x" }), "", 400, "Metrics data is required", "malformed_body"],
    [body({}), "/another", 400, "Server ID is given twice, with different values", "malformed_body"],
    [
      body({ serverId: "another" }),
      "",
      400,
      "Server ID is given twice, with different values",
      "malformed_body",
    ],
    [
      body({ timestamp: "yesterday" }),
      "",
      422,
      'timestamp "yesterday" is no RFC 3339 time and no epoch number',
      "validation_failed",
    ],
    [
      body({ metrics: [{ ...METRIC, value: "much" }] }),
      "",
      422,
      'no metric could be accepted: metrics[0].value: value "much" must be numeric',
      "validation_failed",
    ],
  ];
  for (const [sent, path, status, error, code] of cases) {
    const answer = await context.send("POST", COLLECT + path, key, sent);
    const { request_id, ...said } = answer.body;
    assert.match(String(request_id), /^req_[0-9a-f]{16}$/);
    assert.equal([answer.status, said], [status, { success: false, error, code }]);
  }
  const get = await context.send("GET", COLLECT, key);
  assert.equal([get.status, get.body.error, get.headers.get("allow")], [405, "Method not allowed", "POST"]);
  assert.is(countOf(context, "refused"), 0);
});

test("whose key is not a server's learns nothing of it, registered or not", async (context) => {
  await context.register("secretive");
  const other = await context.register("other");
  const answers = [];
  for (const id of ["secretive", "no-such-server"]) {
    const keys = [{}, { "x-api-key": WRONG_KEY }, WRITER, context.reader, other.key];
    const told = [];
    for (const key of keys) {
      const { status, body } = await context.send("POST", COLLECT, key, { server_id: id, metrics: [METRIC] });
      told.push([status, body.error, body.code]);
    }
    answers.push(told);
  }
  assert.equal(answers[0], answers[1]);
  assert.equal(answers[0], [
    [401, "API key required in X-API-Key header", "api_key_missing"],
    [401, "Invalid API key", "api_key_invalid"],
    [403, "a writer key may not do this", "permission_denied"],
    [403, "a reader key may not do this", "permission_denied"],
    [401, "Invalid API key", "api_key_invalid"],
  ]);
  const admin = await context.send("POST", COLLECT, ADMIN, {
    server_id: "no-such-server",
    metrics: [METRIC],
  });
  assert.equal([admin.status, admin.body.error], [404, "Server not found"]);
  assert.is(countOf(context, "secretive"), 0);
});

test("a server's key is good for nothing else", async (context) => {
  const { key } = await context.register("confined");
  const submit = await context.send("POST", "/metrics", key, {
    service: "directory",
    metrics: [{ type: "custom", value: 1 }],
  });
  assert.is(submit.status, 403);
  for (const path of ["/metrics", "/rate-limit", "/api/export.csv", "/admin/database/size"]) {
    assert.is((await context.send("GET", path, key)).status, 403, path);
  }
});

test("a disabled server's metrics are rejected with the specified text, until it is enabled again", async (context) => {
  const { key, id } = await context.register("disabled");
  const send = () => context.send("POST", `${COLLECT}/${id}`, key, { metrics: [METRIC] });
  await context.rpc.disableServer({ serverId: id }, { headers: { ...ADMIN } });
  const { status, body } = await send();
  assert.equal(
    [status, body.error, body.code],
    [403, "Metrics collection is disabled for this server", "metrics_disabled"],
  );
  await context.rpc.updateServer({ serverId: id, metricsEnabled: true }, { headers: { ...ADMIN } });
  assert.is((await send()).status, 200);
  assert.is(countOf(context, id), 1);
});

test("a server has at most 1000 metric names; what it calls its metrics cannot fill the database", async (context) => {
  const { key, id } = await context.register("inventive");
  for (let batch = 0; batch < 11; batch += 1) {
    const metrics = Array.from({ length: 100 }, (_, index) => ({
      ...METRIC,
      name: `m${batch * 100 + index}`,
    }));
    const { status, body } = await context.send("POST", `${COLLECT}/${id}`, key, { metrics });
    assert.is(status, batch < 10 ? 200 : 422, JSON.stringify(body));
  }
  const again = await context.send("POST", `${COLLECT}/${id}`, key, {
    metrics: [{ ...METRIC, name: "m5" }, METRIC],
  });
  assert.equal([again.body.metrics_inserted, again.body.rejected], [1, 1]);
  assert.match(String(again.body.errors), /Too many metric names/);
});

test.run();
