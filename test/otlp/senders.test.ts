/** Who sends: resources of any size, replicas that say the same, and the ends of series. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AggregationTemporality } from "../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import { openReader } from "../../src/sqlite/file/open.ts";
import { parseExposition } from "../support/exposition.ts";
import { WRITER } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import {
  gauge,
  type Metric,
  nowNs,
  openOtlpDoors,
  type Request,
  requestOf,
  resourceMetrics,
} from "./requests.ts";

const service = await startTestService({ TRUSTED_PROXIES: "127.0.0.0/8, ::1" });
const database = openReader(service.databasePath);
const doors = openOtlpDoors(service.url);
let names = 0;
/** A service that nobody has used. */
const freshService = () => `service-${++names}`;

test.after(async () => {
  database.close();
  await service.close();
});

const rowsOf = (name: string) =>
  database.all("SELECT instance_id, service_version, value FROM metrics WHERE service = ?", name);

function delta(value: bigint, timeUnixNano = nowNs()): Metric {
  const aggregationTemporality = AggregationTemporality.DELTA;
  const dataPoints = [
    { startTimeUnixNano: timeUnixNano - 1n, timeUnixNano, value: { case: "asInt" as const, value } },
  ];
  return {
    name: "calls",
    data: { case: "sum", value: { dataPoints, aggregationTemporality, isMonotonic: true } },
  };
}

const from = (address: string) => ({ ...WRITER, "x-forwarded-for": address });

test("replicas that name no instance are told apart by their addresses, and a retry is none of them", async () => {
  for (const { name, send } of doors) {
    const to = freshService();
    const request = requestOf(to, delta(3n));
    for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "192.0.2.2"])
      await send(request, from(address));
    assert.is(rowsOf(to).length, 3, name);
  }
});

test("a process that names itself is the same from any address", async () => {
  for (const { name, send } of doors) {
    const to = freshService();
    const attributes = { "service.name": to, "service.instance.id": "pod-1" };
    const request = { resourceMetrics: [resourceMetrics(attributes, [delta(3n)])] };
    for (const address of ["192.0.2.1", "192.0.2.2"]) await send(request, from(address));
    assert.is(rowsOf(to).length, 1, name);
  }
});

test("no address is kept", () => {
  const keys = database.all("SELECT * FROM idempotency_keys").map((row) => JSON.stringify(row));
  assert.ok(keys.length > 0);
  for (const key of keys) assert.not.match(key, /192\.0\.2|2001:db8/);
});

/** As a cluster describes a pod; names and ids of processes are longer there than anywhere. */
function pod(to: string, instance: unknown, version: unknown): Request {
  const labels = Array.from({ length: 30 }, (_, index) => [`k8s.pod.label.app-${index}`, "v".repeat(60)]);
  const attributes = { ...Object.fromEntries(labels), "service.name": to };
  const said = { "service.instance.id": instance, "service.version": version } as Record<string, string>;
  return { resourceMetrics: [resourceMetrics({ ...attributes, ...said }, [gauge("m", 1), gauge("n", 2)])] };
}

const SOURCES: readonly [string, unknown, unknown, RegExp, RegExp][] = [
  ["a name of 120 characters", `pod-${"x".repeat(116)}`, "1.2.3", /^pod-x{87}-[0-9a-f]{8}$/, /^1\.2\.3$/],
  ["one of 100 characters", "x".repeat(100), "v".repeat(100), /^x{100}$/, /^v{100}$/],
  ["one of 101 characters", "x".repeat(101), "v".repeat(101), /^x{91}-[0-9a-f]{8}$/, /^v{100}$/],
  ["one of 100 000 characters", "é".repeat(100_000), "😀".repeat(300), /^_{91}-[0-9a-f]{8}$/, /^(😀){100}$/u],
  ["numbers", 17, 2, /^17$/, /^2$/],
  ["values of any kind", true, ["1", "2"], /^true$/, /^\["1","2"\]$/],
  ["control characters", "a\nb", "1.0\n", /^a_b$/, /^1\.0_$/],
  ["nothing", "", "", /^$/, /^$/],
];

for (const [name, instance, version, instanceIs, versionIs] of SOURCES) {
  test(`${name} as instance and version cost no point`, async () => {
    for (const { send } of doors) {
      const to = freshService();
      const { rejected } = await send(pod(to, instance, version), WRITER);
      assert.is(rejected, 0);
      const rows = rowsOf(to);
      assert.is(rows.length, 2);
      for (const { instance_id, service_version } of rows) {
        assert.match(String(instance_id ?? ""), instanceIs);
        assert.match(String(service_version ?? ""), versionIs);
      }
    }
  });
}

test("instances that begin alike stay two", async () => {
  const to = freshService();
  for (const end of ["a", "b"]) await doors[0]?.send(pod(to, `${"x".repeat(120)}${end}`, "1"), WRITER);
  assert.is(new Set(rowsOf(to).map(({ instance_id }) => instance_id)).size, 2);
});

test("what is left out is counted, and a line says whose it was and why", async () => {
  const to = freshService();
  const before = service.logs.length;
  await doors[0]?.send(pod(to, "x".repeat(120), "1"), WRITER);
  await doors[0]?.send(requestOf(to, gauge("m", 1, { k: "v".repeat(300) })), WRITER);
  const scraped = parseExposition(await (await fetch(service.prometheusUrl)).text());
  for (const [field, reason] of [
    ["instance_id", "too_long"],
    ["attributes", "value_too_long"],
  ]) {
    const found = scraped.find(
      ({ name, labels }) =>
        name === "metrics_fields_left_out_total" && labels.field === field && labels.error_type === reason,
    );
    assert.ok(Number(found?.value) >= 1, `${field} ${reason}`);
  }
  const lines = service.logs.slice(before).filter(({ left_out }) => left_out !== undefined);
  assert.is(lines.length, 1);
  assert.is(lines[0]?.service, to);
  assert.match(JSON.stringify(lines[0]?.left_out), "attributes.value_too_long");
});

test("the end of a series is no row and no rejection, of whichever kind", async () => {
  const flags = 1;
  const aggregationTemporality = AggregationTemporality.CUMULATIVE;
  const point = { timeUnixNano: nowNs(), startTimeUnixNano: 1n, flags };
  const ends: Metric[] = [
    { name: "gauge", data: { case: "gauge", value: { dataPoints: [point] } } },
    {
      name: "sum",
      data: { case: "sum", value: { dataPoints: [point], aggregationTemporality, isMonotonic: true } },
    },
    {
      name: "histogram",
      data: { case: "histogram", value: { dataPoints: [point], aggregationTemporality } },
    },
    {
      name: "exp",
      data: { case: "exponentialHistogram", value: { dataPoints: [point], aggregationTemporality } },
    },
    { name: "summary", data: { case: "summary", value: { dataPoints: [{ flags }] } } },
  ];
  for (const { name, send } of doors) {
    const to = freshService();
    const { rejected, message } = await send(requestOf(to, ...ends, gauge("m", 1)), WRITER);
    assert.equal([rejected, message], [0, ""], name);
    assert.is(rowsOf(to).length, 1, name);
  }
});

test.run();
