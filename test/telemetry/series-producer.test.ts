import { emptyResource } from "@opentelemetry/resources";
import { AggregationTemporality, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSeriesProducer, type TemporalityPreference } from "../../src/telemetry/otlp/producer.ts";
import { createFamily, observe, openSeries, seriesKey } from "../../src/telemetry/series/series.ts";

function setup(temporality: TemporalityPreference) {
  let nowMs = 1_000;
  const counter = createFamily({
    name: "c_total",
    kind: "counter",
    unit: "1",
    description: "c",
    labels: ["l"],
  });
  const boundaries = [1, 2];
  const histogram = createFamily({
    name: "h",
    kind: "histogram",
    unit: "s",
    description: "h",
    labels: [],
    boundaries,
  });
  const gauge = createFamily({ name: "g", kind: "gauge", unit: "1", description: "g", labels: [] });
  const producer = createSeriesProducer({
    readFamilies: () => [counter, histogram, gauge],
    temporality,
    resource: emptyResource(),
    scope: { name: "test", version: "1" },
    wallMs: () => nowMs,
  });
  const add = (value: number, label = "a") => {
    observe(openSeries(counter, seriesKey([label]), [label], nowMs), value);
    observe(openSeries(histogram, seriesKey([]), [], nowMs), value);
    observe(openSeries(gauge, seriesKey([]), [], nowMs), value);
  };
  const collect = async (): Promise<MetricData[]> => {
    const { resourceMetrics } = await producer.collect();
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { producer, add, collect, advance };
}

function points(metrics: readonly MetricData[], name: string) {
  return metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
}

test("cumulative points count from the series' creation, and counters are monotonic sums", async () => {
  const { add, advance, collect } = setup("cumulative");
  add(1);
  advance(500);
  await collect();
  add(2);
  const metrics = await collect();
  const [sum, histogram, gauge] = metrics;
  assert.is(sum?.dataPointType, DataPointType.SUM);
  assert.is(sum?.dataPointType === DataPointType.SUM && sum.isMonotonic, true);
  assert.is(sum?.aggregationTemporality, AggregationTemporality.CUMULATIVE);
  const wanted = { startTime: [1, 0], endTime: [1, 500_000_000], attributes: { l: "a" }, value: 3 };
  assert.equal(sum?.dataPoints, [wanted]);
  assert.equal(histogram?.dataPoints[0]?.value, {
    buckets: { boundaries: [1, 2], counts: [1, 1, 0] },
    sum: 3,
    count: 2,
  });
  assert.is(gauge?.dataPoints[0]?.value, 2);
});

test("delta points count from the last confirmed collection and leave out what did not move", async () => {
  const { producer, add, advance, collect } = setup("delta");
  add(1);
  await collect();
  producer.confirm();
  advance(1_000);
  add(5, "b");
  const metrics = await collect();
  assert.is(metrics[0]?.aggregationTemporality, AggregationTemporality.DELTA);
  const [point] = points(metrics, "c_total");
  assert.is(points(metrics, "c_total").length, 1, "a did not move");
  assert.equal(point?.attributes, { l: "b" });
  assert.equal(point?.startTime, [2, 0]);
  assert.equal(points(metrics, "h")[0]?.startTime, [1, 0]);
  assert.equal(points(metrics, "h")[0]?.value, {
    buckets: { boundaries: [1, 2], counts: [0, 0, 1] },
    sum: 5,
    count: 1,
  });
  assert.is(points(metrics, "g")[0]?.value, 5, "a gauge is always whole");
});

test("a delta that was not confirmed is part of the next", async () => {
  const { producer, add, collect } = setup("delta");
  add(1);
  await collect();
  add(2);
  assert.is(points(await collect(), "c_total")[0]?.value, 3);
  producer.confirm();
  assert.equal(points(await collect(), "c_total"), []);
});

test("the deltas that arrived add up to the cumulative total, whatever was lost on the way", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), value: fc.nat(5), label: fc.constantFrom("a", "b", "c") }),
    fc.record({ kind: fc.constant("export" as const), arrives: fc.boolean() }),
  );
  const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const delta = setup("delta");
    const cumulative = setup("cumulative");
    const received = new Map<string, number>();
    const exportDelta = async () => {
      for (const { attributes, value } of points(await delta.collect(), "c_total")) {
        const label = String(attributes.l);
        received.set(label, (received.get(label) ?? 0) + Number(value));
      }
      delta.producer.confirm();
    };
    for (const step of steps) {
      if (step.kind === "add") {
        delta.add(step.value, step.label);
        cumulative.add(step.value, step.label);
      } else if (step.arrives) await exportDelta();
      else await delta.collect();
    }
    await exportDelta();
    const totals = points(await cumulative.collect(), "c_total");
    assert.equal([...received].sort(), totals.map(({ attributes, value }) => [attributes.l, value]).sort());
  });
  await fc.assert(property, { numRuns: 200 });
});

test.run();
