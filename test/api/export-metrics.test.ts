/** What one large export leaves to others. */

import { create } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type ResourceMetrics,
  ResourceMetricsSchema,
} from "../../gen/opentelemetry/proto/metrics/v1/metrics_pb.js";
import type { Call } from "../../src/access/call.ts";
import { createExportMetrics, type ExportMetricsDeps } from "../../src/api/export-metrics.ts";
import { ServiceError } from "../../src/errors.ts";
import { createDimensionSets } from "../../src/ingest/dimension-sets.ts";
import type { SeriesQuestion } from "../../src/store/metrics.ts";
import { decodeResources } from "../../src/transport/rpc/otlp-messages.ts";
import { cumulative, resourceMetrics } from "../otlp/requests.ts";
import { countTurns, turn } from "../support/time.ts";

const POINTS = 2000;
const TURNS_AT_LEAST = POINTS / 200 - 1;
const CALL: Call = {
  principal: { apiKeyId: 1, service: "gateway", role: "writer", allowedServices: [] },
  requestId: "req_1",
  requestNumber: 1,
};

/** Every series its own resource, or all of one. */
function request(ofOne: boolean): readonly ResourceMetrics[] {
  const metrics = Array.from({ length: POINTS }, (_, index) =>
    cumulative(`calls-${index}`, 1n, { startNs: 1n, timeNs: 2n }),
  );
  const resources = ofOne
    ? [resourceMetrics({}, metrics)]
    : metrics.map((metric, index) => resourceMetrics({ pod: index }, [metric]));
  return resources.map((resource) => create(ResourceMetricsSchema, resource));
}

function setup(store: ExportMetricsDeps["enqueue"] = async () => undefined) {
  const exported: number[] = [];
  const asked: { readonly series: number; readonly together: number }[] = [];
  let together = 0;
  const exportMetrics = createExportMetrics({
    dimensionSets: createDimensionSets(),
    pseudonymise: (name) => name,
    wallMs: () => 1000,
    async findSeries({ keys }: SeriesQuestion) {
      together += 1;
      asked.push({ series: keys.length, together });
      await turn(1);
      together -= 1;
      return { earlier: undefined, series: new Map(), room: POINTS };
    },
    enqueue: store,
    export: (_sender, measurements) => void exported.push(measurements.length),
    serviceBinding: "warn",
    observer: { onAnswer: () => undefined, onForeignService: () => undefined },
    pointsMax: POINTS,
    queuedPointsMax: POINTS,
  });
  return { exportMetrics, exported, asked };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

test("points are read in slices, of one resource and of many", async () => {
  for (const ofOne of [true, false]) {
    const sent = decodeResources(request(ofOne));
    assert.is(sent.count, POINTS);
    const turns = await countTurns(sent.read);
    assert.ok(turns >= TURNS_AT_LEAST, `${turns} turns`);
  }
});

test("series are named, points validated, series written and metrics counted in slices", async () => {
  const { exportMetrics, exported, asked } = setup();
  const sent = decodeResources(request(true));
  const resources = await sent.read();
  const turns = await countTurns(() => exportMetrics(CALL, { ...sent, read: async () => resources }));
  assert.ok(turns >= 4 * TURNS_AT_LEAST, `${turns} turns`);
  assert.equal(asked, new Array(POINTS / 500).fill({ series: 500, together: 1 }));
  assert.is(sum(exported), POINTS);
  assert.ok(Math.max(...exported) <= 200);
});

test("of many resources some are in work together, so that storage is left to others in between", async () => {
  const { exportMetrics, exported, asked } = setup();
  assert.equal(await exportMetrics(CALL, decodeResources(request(false))), { rejected: 0, message: "" });
  assert.is(sum(exported), POINTS);
  assert.is(asked.length, POINTS);
  assert.ok(Math.max(...asked.map(({ together }) => together)) <= 100);
});

test("many points of one resource that are sent again after storage failed in their middle are stored once", async () => {
  const stored = new Map<string, number>();
  let failsAt = 2;
  const { exportMetrics } = setup(async ({ measurements, idempotency: { key } = { key: "" } }) => {
    failsAt -= 1;
    if (failsAt === 0) throw new ServiceError("storage_unavailable", "the disk is full");
    const earlier = stored.has(key);
    if (!earlier) stored.set(key, measurements.length);
    return earlier
      ? { fingerprint: "", answer: JSON.stringify({ rejected: 0, descriptions: [] }) }
      : undefined;
  });
  const send = () => exportMetrics(CALL, decodeResources(request(true)));
  const failed = await send().catch((error: unknown) => error);
  assert.is((failed as ServiceError).reason, "storage_unavailable");
  assert.equal([...stored.values()], [500]);
  assert.equal(await send(), { rejected: 0, message: "" });
  assert.equal([...stored.values()], [500, 500, 500, 500]);
});

test("points in work count before they are read, so that no more requests are read than there is room for", async () => {
  const { exportMetrics } = setup();
  const sent = decodeResources(request(true));
  const first = exportMetrics(CALL, sent);
  const unread = { count: 1, leftOut: [], read: async () => assert.unreachable() as never };
  const refused = await exportMetrics(CALL, unread).catch((error: unknown) => error);
  assert.is((refused as ServiceError).reason, "queue_full");
  await first;
});

test.run();
