/** NaN and Infinity as Python's json.dumps writes them: that metric is rejected by name, its neighbours are stored. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COLLECT, openDirectory } from "../directory/directory-service.ts";
import { type RequestHeaders, send, WRITER } from "../support/http.ts";
import { readRows } from "../support/sql.ts";

const directory = await openDirectory();
const { service } = directory;

test.after(async () => {
  await directory.close();
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

interface JsonDoor {
  readonly name: string;
  /** Send a good metric, one with the literal in the place of its value, and a good one. */
  readonly send: (literal: string) => Promise<Answered>;
  /** Rows that are stored of all that was sent. */
  readonly rows: () => number;
}

const count = (sql: string) => Number(readRows(service.databasePath, sql)[0]?.count);
const post = (path: string, headers: RequestHeaders, body: string) =>
  send("POST", service.url + path, { "content-type": "application/json", ...headers }, body);

function submitDoor(name: string, path: string, own: string): JsonDoor {
  return {
    name,
    send: (literal) => {
      const metric = (value: string) =>
        `{"type": "custom", "value": ${value}, "dimensions": {"door": "${own}"}}`;
      const metrics = [metric("1"), metric(literal), metric("2")].join();
      return post(path, WRITER, `{"service": "test", "metrics": [${metrics}]}`);
    },
    rows: () => count(`SELECT count(*) AS count FROM metrics WHERE dimensions LIKE '%"${own}"%'`),
  };
}

const DOORS: readonly JsonDoor[] = [
  submitDoor("REST", "/metrics", "rest"),
  submitDoor("Connect JSON", "/mcp.metrics.v1.MetricsService/Submit", "connect"),
  {
    name: "OTLP JSON",
    send(literal) {
      const point = (value: string) => `{"asDouble": ${value}, "attributes": []}`;
      const points = [point("1"), point(literal), point("2")].join();
      const metrics = `[{"name": "level", "gauge": {"dataPoints": [${points}]}}]`;
      const resource = '{"attributes": [{"key": "service.name", "value": {"stringValue": "otlp"}}]}';
      const body = `{"resourceMetrics": [{"resource": ${resource}, "scopeMetrics": [{"metrics": ${metrics}}]}]}`;
      return post("/v1/metrics", WRITER, body);
    },
    rows: () => count("SELECT count(*) AS count FROM metrics WHERE service = 'otlp'"),
  },
  {
    name: "a directory's server",
    async send(literal) {
      const metric = (value: string) => `{"name": "level", "type": "gauge", "value": ${value}}`;
      const metrics = [metric("1"), metric(literal), metric("2")].join();
      return post(COLLECT, key, `{"server_id": "srv", "metrics": [${metrics}]}`);
    },
    rows: () => count("SELECT count(*) AS count FROM server_metrics WHERE server_id = 'srv'"),
  },
];
const { key } = await directory.register("srv");

for (const { name, send: sendLiteral, rows } of DOORS) {
  test(`${name}: one such value costs its metric alone`, async () => {
    for (const [literal, text] of [
      ["NaN", /NaN/],
      ["Infinity", /infinite|Infinity/i],
      ["-Infinity", /infinite|Infinity/i],
    ] as const) {
      const before = rows();
      const answer = await sendLiteral(literal);
      assert.is(answer.status, 200, answer.text);
      assert.match(answer.text, text);
      assert.is(rows() - before, 2, `${literal}: ${answer.text}`);
    }
  });

  test(`${name}: what is no JSON stays malformed`, async () => {
    const before = rows();
    for (const literal of ["NaNs", "Inf1", "NaN NaN", "None"]) {
      const answer = await sendLiteral(literal);
      assert.is(answer.status, 400, answer.text);
    }
    assert.is(rows(), before);
  });
}

test.run();
