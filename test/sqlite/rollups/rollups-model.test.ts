import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS, HOUR_MS } from "../../../src/lib/time.ts";
import type { Database } from "../../../src/sqlite/file/database.ts";
import type { ModelMetric } from "../../store/aggregate-model.ts";
import { NOW_MS } from "../../support/time.ts";
import { crashImage, openMigrated, openUnmigrated, temporaryPath } from "../databases.ts";
import { createSubmitter } from "../submitter.ts";
import { differences, expectedRollups } from "./model.ts";

/** Mostly the same, so that metrics meet again in their aggregates. */
const mostly = <Value>(usual: Value, ...odd: readonly Value[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...odd) });
const success = mostly<unknown>(true, false, "True", "false", 1, "maybe", "", null, undefined);
const name = mostly<unknown>("a", "b", "", null, undefined);
const dimensions: Record<string, fc.Arbitrary<Record<string, unknown>>> = {
  auth_request: fc.record({ success, method: name, server: name }),
  tool_execution: fc.record({ success, method: name, tool_name: name, server_name: name, client_name: name }),
  protocol_latency: fc.record({ flow_step: name, server_name: name }),
  health_check: fc.record({
    endpoint: name,
    status_code: fc.constantFrom(200, "200", 503),
    healthy: success,
  }),
};

/** Now, late by minutes to months, around the turn of an hour and a day. */
const timestampMs = fc
  .tuple(mostly(0, HOUR_MS, DAY_MS, 40 * DAY_MS), fc.constantFrom(0, 1, HOUR_MS - 1, 1_800_000))
  .map(([age, offset]) => Math.floor(NOW_MS / HOUR_MS) * HOUR_MS - age - offset);

const metric: fc.Arbitrary<ModelMetric> = fc.constantFrom(...Object.keys(dimensions)).chain((type) =>
  fc.record({
    service: fc.constantFrom("gateway", "registry"),
    type: fc.constant(type),
    timestampMs,
    value: fc.constantFrom(1, 0, -5, 0.25, 1e12, 7),
    durationMs: fc.option(
      fc.oneof(fc.constantFrom(0, 1e-7, 0.001, 86_400_000), fc.double({ min: 0, max: 5000, noNaN: true })),
      {
        nil: undefined,
      },
    ),
    dimensions: dimensions[type] ?? fc.constant({}),
  }),
);

type Step =
  | {
      readonly kind: "submit";
      readonly metrics: readonly ModelMetric[];
      readonly idempotencyKey: string | undefined;
    }
  | { readonly kind: "flush"; readonly steps: number }
  | { readonly kind: "kill" | "restart" | "retention" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("submit" as const),
      metrics: fc.array(metric, { minLength: 1, maxLength: 8 }),
      idempotencyKey: fc.constantFrom(undefined, undefined, "k1", "k2"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("flush" as const), steps: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("kill" as const, "restart" as const, "retention" as const),
    }),
  },
);

test("rollups equal a plain model after any sequence of submits, flushes, kills, restarts and deletions", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let { database, path } = open();
      let submitter = createSubmitter(database);
      const model: ModelMetric[] = [];
      const usedKeys = new Set<string>();
      for (const each of steps) {
        if (each.kind === "submit") {
          const service = each.metrics[0]?.service ?? "";
          const metrics = each.metrics.map((one) => ({ ...one, service }));
          const isRepeat = each.idempotencyKey !== undefined && usedKeys.has(each.idempotencyKey);
          const key = each.idempotencyKey === undefined ? {} : { idempotencyKey: each.idempotencyKey };
          submitter.submit({ service, metrics: metrics.map(toSubmitted), ...key });
          if (!isRepeat) model.push(...metrics);
          if (each.idempotencyKey !== undefined) usedKeys.add(each.idempotencyKey);
        } else if (each.kind === "flush") {
          for (let count = 0; count < each.steps; count += 1) submitter.rollups.flushStep(NOW_MS);
        } else if (each.kind === "retention") {
          flushAll(submitter);
          database.run("DELETE FROM measurements WHERE ts < ?", NOW_MS - 30 * DAY_MS);
        } else {
          if (each.kind === "restart") flushAll(submitter);
          const survivor = crashImage(path);
          database.close();
          path = survivor;
          database = openUnmigrated(path);
          submitter = createSubmitter(database);
        }
      }
      flushAll(submitter);
      assert.equal(differences(database, "rollups_hourly", expectedRollups(model, HOUR_MS)), []);
      assert.equal(differences(database, "rollups_daily", expectedRollups(model, DAY_MS)), []);
      database.close();
    }),
    { numRuns: 120 },
  );
});

function open(): { database: Database; path: string } {
  const path = temporaryPath();
  return { database: openMigrated(path), path };
}

function flushAll({ rollups }: ReturnType<typeof createSubmitter>): void {
  while (rollups.flushStep(NOW_MS) !== undefined);
}

function toSubmitted({ type, timestampMs, value, durationMs, dimensions }: ModelMetric) {
  return {
    type,
    value,
    duration_ms: durationMs,
    timestamp: timestampMs,
    dimensions: withoutAbsent(dimensions),
  };
}

const withoutAbsent = (value: object): object => JSON.parse(JSON.stringify(value));

test.run();
