/** The Python SDK as it is used in the field: whatever is odd in what it sends, every operation is counted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { openReader } from "../../src/sqlite/file/open.ts";
import { verifyRollups } from "../../src/sqlite/rollups/verify.ts";
import { parseExposition } from "../support/exposition.ts";
import { WRITER } from "../support/http.ts";
import { pythonTests, runPython } from "../support/python.ts";
import { startTestService, WRITER_KEY } from "../support/service.ts";

const OPERATION = "mcp.server.operation.duration";
const pythonTest = await pythonTests(test);

for (const protocol of ["grpc", "http"]) {
  pythonTest(
    `Python, ${protocol}: every operation is counted, in SQL, in hours and in /metrics`,
    async (python) => {
      const service = await startTestService();
      try {
        const { port } = service.service;
        const { taken, recorded } = await runPython(
          python,
          "otlp_field.py",
          protocol,
          String(port),
          WRITER_KEY,
          "shop",
        );
        assert.ok(taken.length >= 5 && taken.every(Boolean), `${taken}`);
        await fetch(`${service.url}/flush`, { method: "POST", headers: WRITER });
        const exposition = parseExposition(await (await fetch(service.prometheusUrl)).text());
        const database = openReader(service.databasePath);
        for (const [name, count] of Object.entries<number>(recorded)) {
          const isOperation = name === OPERATION;
          const row = database.first(
            `SELECT sum(count) AS count, sum(value) AS value, min(instance_id) AS least, max(instance_id) AS most
           FROM metrics WHERE service = 'shop' AND dimensions ->> ? = ?`,
            isOperation ? "$.instrument" : "$.metric_name",
            name,
          );
          assert.equal([row?.count, row?.value], [count, count], name);
          assert.is(row?.least, row?.most);
          assert.match(String(row?.least), /^checkout-p{82}-[0-9a-f]{8}$/);
          const counter = isOperation ? "mcp_tool_executions_total" : "mcp_custom_metrics_total";
          const found = exposition.filter(
            (sample) => sample.name === counter && (isOperation || sample.labels.metric_name === name),
          );
          assert.is(
            found.reduce((sum, { value }) => sum + Number(value), 0),
            count,
            name,
          );
        }
        const all = Object.values<number>(recorded).reduce((sum, count) => sum + count, 0);
        const hours = database.first("SELECT sum(count) AS count FROM metrics_hourly WHERE service = 'shop'");
        assert.is(hours?.count, all);
        const durations = database.first(
          "SELECT sum(sum_duration_ms) AS ms, max(sum_duration_ms / count) AS mean FROM metrics WHERE service = 'shop'",
        );
        assert.ok(Number(durations?.ms) > all && Number(durations?.mean) < 5000, JSON.stringify(durations));
        assert.equal(verifyRollups(database).differences, []);
        database.close();
      } finally {
        await service.close();
      }
    },
  );
}

test.run();
