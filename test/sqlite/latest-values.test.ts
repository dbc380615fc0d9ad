import { test } from "uvu";
import * as assert from "uvu/assert";
import { DAY_MS } from "../../src/lib/time.ts";
import { readLatestValues } from "../../src/sqlite/metrics/latest-values.ts";
import { LATEST_VALUES_MAX } from "../../src/store/queries.ts";
import { NOW_MS } from "../support/time.ts";
import { cleanUp, GROUPS, setDays, setup } from "./retention/cleanups.ts";
import { createSubmitter, within } from "./submitter.ts";

const count = (state: string, value: number, ageMs = 0) => ({
  type: "server_count",
  value,
  timestamp: NOW_MS - ageMs,
  dimensions: { state },
});
const ALL = { service: undefined, sinceMs: 0, beyond: "fail" } as const;
const short = (values: ReturnType<typeof readLatestValues>) =>
  values.map(({ service, dimensions, value }) => `${service} ${dimensions.state} ${value}`);

test("the newest by event time stays, in one batch and over many, whatever came last", () => {
  within((database) => {
    const submitter = createSubmitter(database);
    submitter.submit({ metrics: [count("total", 1, 20), count("total", 2, 10), count("total", 3, 30)] });
    assert.equal(short(readLatestValues(database, ALL)), ["gateway total 2"]);
    submitter.submit({ metrics: [count("total", 4, 15)] });
    assert.equal(short(readLatestValues(database, ALL)), ["gateway total 2"]);
    submitter.submit({ metrics: [count("total", 5, 5), count("running", 6)] });
    assert.equal(short(readLatestValues(database, ALL)), ["gateway total 5", "gateway running 6"]);
  });
});

test("an update of a program, and another key, go on with what the instance said", () => {
  within((database) => {
    const submitter = createSubmitter(database);
    submitter.submit({ version: "1.0.0", metrics: [count("total", 1, 10), count("failed", 2, 10)] });
    submitter.submit({ version: "1.1.0", apiKeyId: 2, metrics: [count("total", 3)] });
    assert.equal(short(readLatestValues(database, ALL)), ["gateway failed 2", "gateway total 3"]);
  });
});

test("a dimension that is absent, null or empty is one, and a number is its text", () => {
  within((database) => {
    const submitter = createSubmitter(database);
    for (const [index, server_id] of [undefined, null, "", 7, "7"].entries()) {
      const dimensions = server_id === undefined ? { kind: "tools" } : { kind: "tools", server_id };
      submitter.submit({ metrics: [{ type: "capability_count", value: index, dimensions }] });
    }
    const found = readLatestValues(database, ALL).map(({ dimensions, value }) => [dimensions, value]);
    assert.equal(found, [
      [{ kind: "tools" }, 2],
      [{ kind: "tools", server_id: "7" }, 4],
    ]);
  });
});

test("too many fail and say what would work, or the oldest are left out", () => {
  within((database) => {
    const submitter = createSubmitter(database);
    const offer = (_: unknown, index: number) => ({
      type: "capability_count",
      value: index,
      timestamp: NOW_MS - index,
      dimensions: { kind: "tools", server_id: `server-${index}` },
    });
    const metrics = Array.from({ length: LATEST_VALUES_MAX }, offer);
    submitter.submit({ metrics });
    assert.is(readLatestValues(database, ALL).length, LATEST_VALUES_MAX);
    submitter.submit({ metrics: [count("total", 3, 20_000)] });
    assert.throws(() => readLatestValues(database, ALL), /more than 10000 states .*: ask for one service/);
    const gateway = { ...ALL, service: "gateway" };
    assert.throws(
      () => readLatestValues(database, gateway),
      /more than 10000 states .*: ask for a shorter window/,
    );
    const found = readLatestValues(database, { ...ALL, beyond: "leave out" });
    assert.equal(
      [found.length, found[0]?.value, found.at(-1)?.value],
      [LATEST_VALUES_MAX, LATEST_VALUES_MAX - 1, 0],
    );
  });
});

test("who has reported no state since is left out with everything; types without states are not there", () => {
  within((database) => {
    const submitter = createSubmitter(database);
    const gone = { service: "gone", metrics: [count("total", 1, 2000), { type: "custom", value: 1 }] };
    submitter.submit(gone, { metrics: [count("total", 2, 2000), count("running", 3, 1000)] });
    const sinceMs = NOW_MS - 1000;
    assert.equal(short(readLatestValues(database, { ...ALL, sinceMs })), [
      "gateway total 2",
      "gateway running 3",
    ]);
    assert.equal(short(readLatestValues(database, { ...ALL, service: "gone" })), ["gone total 1"]);
  });
});

test("a duplicate says nothing anew", () => {
  within((database) => {
    const submitter = createSubmitter(database);
    submitter.submit({ idempotencyKey: "k", metrics: [count("total", 1, 10)] });
    submitter.submit(
      { metrics: [count("running", 2)] },
      { idempotencyKey: "k", metrics: [count("total", 3)] },
      { metrics: [count("failed", 4)] },
    );
    assert.equal(short(readLatestValues(database, ALL)).sort(), [
      "gateway failed 4",
      "gateway running 2",
      "gateway total 1",
    ]);
  });
});

test("with the metrics that retention deletes, what they said last goes too", () => {
  const { database, rollUp } = setup();
  const submitter = createSubmitter(database);
  submitter.submit({ metrics: [count("total", 1, 2 * DAY_MS), count("failed", 2, DAY_MS / 2)] });
  rollUp();
  setDays(database, "metrics", 1);
  cleanUp(database, GROUPS[0] ?? []);
  assert.equal(short(readLatestValues(database, ALL)), ["gateway failed 2"]);
  database.close();
});

test.run();
