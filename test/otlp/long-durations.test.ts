/** Sessions of days among calls of milliseconds: all are counted everywhere, and none spoils what stands beside it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AggregationTemporality } from "../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import { openReader } from "../../src/sqlite/file/open.ts";
import { verifyRollups } from "../../src/sqlite/rollups/verify.ts";
import { parseExposition } from "../support/exposition.ts";
import { WRITER } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { attributesOf, nowNs, openOtlpDoors, requestOf } from "./requests.ts";

const HOUR_S = 3600;
const SHORT = 1000;
const LONG_S = [25 * HOUR_S, 30 * HOUR_S, 300 * HOUR_S];
const TOTAL_S = SHORT * 2 + LONG_S.reduce((sum, seconds) => sum + seconds, 0);

const service = await startTestService();
const database = openReader(service.databasePath);

test.after(async () => {
  database.close();
  await service.close();
});

for (const [index, isAlone] of [false, true].entries()) {
  test(`1 000 short operations and 3 long ones ${isAlone ? "in points of their own" : "in one point"} are 1 003`, async () => {
    const to = `long-${index}`;
    const common = () => ({
      startTimeUnixNano: nowNs() - 1_000_000_000n,
      timeUnixNano: nowNs(),
      attributes: attributesOf({ "mcp.method.name": "tools/call", "mcp.server.name": to }),
    });
    const several = { explicitBounds: [1, 10], bucketCounts: [0n, BigInt(SHORT), isAlone ? 0n : 3n] };
    const sum = isAlone ? SHORT * 2 : TOTAL_S;
    const together = { ...common(), ...several, count: BigInt(isAlone ? SHORT : SHORT + 3), sum };
    const alone = isAlone ? LONG_S.map((seconds) => ({ ...common(), count: 1n, sum: seconds })) : [];
    const [door] = openOtlpDoors(service.url);
    const answer = await door?.send(
      requestOf(to, {
        name: "mcp.server.operation.duration",
        unit: "s",
        data: {
          case: "histogram",
          value: {
            dataPoints: [together, ...alone],
            aggregationTemporality: AggregationTemporality.DELTA,
          },
        },
      }),
      WRITER,
    );
    assert.is(answer?.rejected, 0);
    await fetch(`${service.url}/flush`, { method: "POST", headers: WRITER });
    const rows = database.first(
      "SELECT sum(count) AS count, sum(sum_duration_ms) AS ms FROM metrics WHERE service = ?",
      to,
    );
    assert.equal({ ...rows }, { count: SHORT + 3, ms: TOTAL_S * 1000 });
    const hours = database.first(
      "SELECT sum(count) AS count, sum(sum_duration_ms) AS ms FROM metrics_hourly WHERE service = ?",
      to,
    );
    assert.equal({ ...hours }, { count: SHORT + 3, ms: TOTAL_S * 1000 });
    assert.equal(verifyRollups(database).differences, []);
    const samples = parseExposition(await (await fetch(service.prometheusUrl)).text());
    const of = (name: string) =>
      samples.find((sample) => sample.name === name && sample.labels.service === to)?.value;
    assert.is(of("mcp_tool_execution_duration_seconds_count"), SHORT + 3);
    assert.is(of("mcp_tool_execution_duration_seconds_sum"), TOTAL_S);
    assert.is(of("mcp_tool_executions_total"), SHORT + 3);
  });
}

test.run();
