/** Which metrics an export has where nobody, or somebody in one of many spellings, says a range. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QueryService } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { systemClock } from "../../../src/lib/clock.ts";
import { openRestDoors, openRpcDoors } from "../../support/doors.ts";
import { ADMIN, storeMetrics } from "../../support/http.ts";
import { startTestService, WRITER_KEY } from "../../support/service.ts";
import { NOW_MS } from "../../support/time.ts";

/** When each metric was measured; its value is its place. The last lies ahead of the service's clock. */
const TIMES = [
  "2026-01-15T08:30:00.000Z",
  "2026-02-27T23:59:59.999Z",
  "2026-02-28T00:00:00.000Z",
  "2026-02-28T15:00:00.000Z",
  "2026-03-01T11:30:00.000Z",
  "2026-03-01T12:04:59.000Z",
] as const;
const ALL = [0, 1, 2, 3, 4, 5];
const NOW = new Date(NOW_MS).toISOString();

const service = await startTestService({}, { ...systemClock, wallMs: () => NOW_MS });
const restDoors = openRestDoors(service.url);
const rpcDoors = openRpcDoors(service.url);
const headers = { "x-api-key": WRITER_KEY };

test.after(async () => {
  for (const door of [...restDoors, ...rpcDoors]) door.close();
  await service.close();
});

test.before(async () => {
  const metrics = TIMES.map((timestamp, value) => ({ type: "custom", value, timestamp }));
  await storeMetrics(service.url, metrics);
});

interface RangeCase {
  readonly query: string;
  /** Values of the metrics, oldest first. */
  readonly has: readonly number[];
  readonly range: readonly [start: string, end: string];
}

const CASES: readonly RangeCase[] = [
  { query: "", has: ALL, range: [TIMES[0], NOW] },
  { query: "start=&end=", has: ALL, range: [TIMES[0], NOW] },
  { query: "type=custom&service=test", has: ALL, range: [TIMES[0], NOW] },
  { query: "type=tool_execution", has: [], range: [NOW, NOW] },
  { query: "start=2026-02-28", has: [2, 3, 4, 5], range: ["2026-02-28T00:00:00.000Z", NOW] },
  { query: "end=2026-02-28", has: [0, 1], range: [TIMES[0], "2026-02-28T00:00:00.000Z"] },
  {
    query: "start=2026-02-28&end=2026-03-01",
    has: [2, 3],
    range: ["2026-02-28T00:00:00.000Z", "2026-03-01T00:00:00.000Z"],
  },
  {
    query: "start=2026-02-28T15:00:00Z&end=2026-03-01T13:00:00%2B01:00",
    has: [3, 4],
    range: [TIMES[3], NOW],
  },
  {
    query: `start=${Date.parse(TIMES[1])}&end=${Date.parse(TIMES[3]) / 1000}`,
    has: [1, 2],
    range: [TIMES[1], TIMES[3]],
  },
  {
    query: "start=2030-01-01&end=2031-01-01",
    has: [],
    range: ["2030-01-01T00:00:00.000Z", "2031-01-01T00:00:00.000Z"],
  },
];

for (const { query, has, range } of CASES) {
  test(`an export of ${query || "no range"} has ${has.length} metrics, and says its range`, async () => {
    for (const door of restDoors) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await door.send(method, `/api/export.csv?${query}`, headers);
        assert.is(answer.status, 200, answer.text);
        assert.is(answer.headers.get("x-export-range"), range.join("/"));
        const name = ["metrics", ...range.map((iso) => `${iso.slice(0, 19).replace(/[-:]/g, "")}Z`)].join(
          "_",
        );
        assert.is(answer.headers.get("content-disposition"), `attachment; filename="${name}.csv"`);
        const records = answer.text.split("\r\n").slice(1, -1);
        const values = records.map((record) => Number(record.split(",")[7]));
        assert.equal(values, method === "HEAD" ? [] : has);
      }
    }
  });
}

for (const start of ["yesterday", "2026-02-30", "2026-13-01", "2026-02", "28.02.2026", "1e300"]) {
  test(`an export from ${start} on is rejected, with the field`, async () => {
    for (const name of ["start", "end"]) {
      const answer = await fetch(`${service.url}/api/export.csv?${name}=${start}`, { headers });
      assert.is(answer.status, 422);
      const { errors } = (await answer.json()) as { errors: readonly string[] };
      assert.ok(errors[0]?.startsWith(`${name}: `), errors[0]);
    }
  });
}

test("ExportEvents without a range streams all that is kept, too, through every protocol", async () => {
  for (const { name, transport } of rpcDoors) {
    const client = createClient(QueryService, transport);
    const valuesOf = async (range: Parameters<typeof client.exportEvents>[0]["range"]) => {
      const values: number[] = [];
      for await (const { events } of client.exportEvents({ ...(range && { range }) }, { headers: ADMIN }))
        values.push(...events.map(({ value }) => value));
      return values;
    };
    assert.equal(await valuesOf(undefined), ALL, name);
    assert.equal(await valuesOf({}), ALL, name);
    assert.equal(await valuesOf({ start: timestampFromMs(Date.parse(TIMES[3])) }), [3, 4, 5], name);
    assert.equal(await valuesOf({ end: timestampFromMs(Date.parse(TIMES[3])) }), [0, 1, 2], name);
  }
});

test.run();
