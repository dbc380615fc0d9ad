/** Nobody takes from another's series: places of label values, series, and what becomes of them. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { Room, type Sender } from "../../src/telemetry/series/tenants.ts";
import { FAMILIES } from "../composer/families.ts";
import { measure, open } from "./open-telemetry.ts";
import { parseScrape, select, sum } from "./scrape.ts";
import { standing } from "./standing-clock.ts";

const DAY_MS = 86_400_000;
const QUIET: Sender = { service: "quiet", instanceId: "pod", owner: "quiet" };

/** A metric of every type, each dimension with a value of its own. */
function everything(name: string) {
  return METRIC_TYPES.filter(({ instruments }) => instruments.length > 0).map((type) =>
    measure({
      type: type.name,
      durationMs: 1,
      dimensions: Object.fromEntries(
        type.dimensions.map((dimension) => [
          dimension,
          type.choices?.[dimension]?.[0] ?? `${dimension} ${name}`,
        ]),
      ),
      metadata: { request_size_bytes: 1, input_size_bytes: 1, error_code: `e ${name}` },
    }),
  );
}

/** What the exposition says of the service `quiet`. */
const quietLines = (text: string) => text.split("\n").filter((line) => line.includes('service="quiet"'));

/** How a writer spreads 100 000 values of every label. */
const FLOODS: readonly { readonly name: string; readonly sender: (index: number) => Sender }[] = [
  {
    name: "in its own service's name",
    sender: (index) => ({ service: "noisy", instanceId: `i${index}`, owner: "noisy" }),
  },
  {
    name: "as 100 000 services",
    sender: (index) => ({ service: `noisy-${index}`, instanceId: `i${index}`, owner: "noisy" }),
  },
  {
    name: "in the name of the other service",
    sender: (index) => ({ service: "quiet", instanceId: `i${index}`, owner: "noisy" }),
  },
  {
    name: "in ten services' names with ten thousand values each",
    sender: (index) => ({ service: `noisy-${index % 10}`, instanceId: `i${index}`, owner: "noisy" }),
  },
];

for (const { name, sender } of FLOODS) {
  test(`100 000 values of every label ${name} take nothing from another service`, async () => {
    const shown = async (isFlooded: boolean) => {
      const telemetry = open({ naming: "both", clock: standing() });
      for (let index = 0; isFlooded && index < 100_000; index += METRIC_TYPES.length)
        telemetry.recorder.record(sender(index), everything(`${index}`));
      for (let index = 0; index < 120; index++)
        telemetry.recorder.record(QUIET, everything(`quiet ${index}`));
      const { text } = await telemetry.exposition();
      const own = (await telemetry.serviceExposition({ service: "quiet", instanceId: "pod" })).text;
      await telemetry.shutdown();
      return { lines: quietLines(text), own, series: text.split("\n").length };
    };
    const alone = await shown(false);
    const beside = await shown(true);
    assert.ok(alone.lines.length > 5000, `${alone.lines.length} lines`);
    // Who may write another's name adds to what that says of itself, where no other label tells them apart.
    const isOwn = (line: string) => sender(0).service !== "quiet" || line.includes("quiet 1");
    const missing = new Set(alone.lines.filter(isOwn));
    for (const line of beside.lines) missing.delete(line);
    assert.is(missing.size, 0, `${missing.size} of ${alone.lines.length} lines are not as without the flood`);
    assert.is(beside.own, alone.own);
    assert.not.match(beside.own, "_other");
    assert.ok(beside.series < 250_000, `${beside.series} lines`);
  });
}

test("each service has its own places for the values of a label, one after another", async () => {
  const telemetry = open();
  for (const service of ["a", "b", "c"]) {
    for (let index = 0; index < 200; index++)
      telemetry.recorder.record({ service, instanceId: "", owner: service }, [
        measure({ type: "tool_execution", dimensions: { tool_name: `tool-${index}` } }),
      ]);
  }
  const samples = select(await telemetry.scrape(), "mcp_tool_executions_total");
  for (const service of ["a", "b", "c"]) {
    const own = samples.filter(({ labels }) => labels.service === service);
    assert.is(own.length, 151, service);
    assert.is(sum(own, "mcp_tool_executions_total", { tool_name: "_other" }), 50);
  }
  await telemetry.shutdown();
});

/** Of so many places in all: for all that comes with one service's keys, and of these for another name. */
const SHARES = [
  { max: 1, own: 1, other: 1 },
  { max: 100, own: 75, other: 56 },
  { max: 1200, own: 900, other: 675 },
  { max: 2000, own: 1000, other: 750 },
  { max: 10_000, own: 5000, other: 2500 },
];

for (const { max, own, other } of SHARES) {
  test(`of ${max} series a service takes ${own} at most, and under another name ${other}`, () => {
    const room = new Room(max);
    const fill = (name: string, owner: string) => {
      const tenant = { service: name, name, owner };
      let taken = 0;
      for (; room.hasPlaces(tenant, 1); taken += 1) room.take(tenant);
      return { taken, giveAll: () => Array.from({ length: taken }, () => room.give(tenant)) };
    };
    const names = [fill("key a", "key"), fill("key b", "key"), fill("key c", "key")];
    assert.equal(
      names.map(({ taken }) => taken),
      [other, Math.min(other, own - other), Math.max(0, own - 2 * other)],
    );
    assert.is(fill("key", "key").taken, 0, "all of them together have taken what is theirs");
    assert.is(fill("quiet", "quiet").taken, Math.min(own, max - own), "and nothing of another's");
    for (const { giveAll } of names) giveAll();
    assert.is(fill("key", "key").taken, own, "what is given back is free");
  });
}

const FORGETTABLE = [
  { type: "auth_request", label: "method", family: "mcp_auth_requests_total" },
  { type: "custom", label: "metric_name", family: "mcp_custom_metric" },
  { type: "tool_execution", label: "tool_name", family: "mcp_tool_executions_total" },
  {
    type: "tool_execution",
    label: "method",
    as: "mcp_method_name",
    family: "mcp_server_operation_duration_seconds_count",
  },
  {
    type: "tool_invocation",
    label: "tool_id",
    family: "mcp_tool_invocations_total",
    dimensions: { status: "success" },
  },
  {
    type: "tool_invocation",
    label: "tool_id",
    family: "mcp_tool_invocation_duration_seconds_count",
    dimensions: { status: "success" },
  },
] as const;

for (const { type, label, family, ...rest } of FORGETTABLE) {
  test(`a value of ${label} gives its place in ${family} back when it was not seen for a day`, async () => {
    const clock = standing();
    const telemetry = open({ naming: "both", labelValuesMax: 2, clock });
    const send = (value: string) =>
      telemetry.recorder.record(QUIET, [
        measure({
          type,
          durationMs: 1,
          dimensions: { ...("dimensions" in rest && rest.dimensions), [label]: value },
        }),
      ]);
    const values = async () =>
      select(await telemetry.scrape(), family)
        .map(({ labels }) => labels["as" in rest ? rest.as : label])
        .sort();
    send("a");
    send("b");
    send("c");
    assert.equal(await values(), ["_other", "a", "b"]);
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(3_600_000);
      telemetry.recorder.record(QUIET, [measure({ type: "composer_uptime" })]);
    }
    send("b");
    assert.equal(await values(), ["_other", "a", "b"], "a day, and no more");
    clock.advance(60_000);
    send("c");
    assert.equal(await values(), ["b", "c"], "the place is c's, and nothing is left of the rest");
    send("d");
    assert.equal(await values(), ["_other", "b", "c"]);
    await telemetry.shutdown();
  });
}

test("a place stays taken as long as its series is there, whoever's key opened it", async () => {
  for (const owner of ["quiet", "another"]) {
    const clock = standing();
    const telemetry = open({ naming: "both", labelValuesMax: 2, clock });
    for (const method of ["a", "b", "c"]) {
      telemetry.recorder.record({ service: "quiet", instanceId: method, owner }, [
        measure({ dimensions: { method } }),
        measure({ type: "tool_execution", dimensions: { tool_name: method }, durationMs: 1 }),
        measure({ type: "server_crash", dimensions: { server_id: method } }),
      ]);
      clock.advance(60_000);
    }
    const samples = await telemetry.scrape();
    for (const [family, label] of [
      ["mcp_auth_requests_total", "method"],
      ["mcp_tool_executions_total", "tool_name"],
      ["mcp_server_operation_duration_seconds_count", "gen_ai_tool_name"],
      ["mcp_server_crashes_total", "server_id"],
      ["mcp_server_crashes_total", "instance_id"],
    ] as const) {
      const values = select(samples, family).map(({ labels }) => labels[label]);
      assert.equal(values.sort(), ["_other", "a", "b"], `${family} ${label}, by the key of ${owner}`);
    }
    await telemetry.shutdown();
  }
});

test("services of one key, and instances, give their places back too", async () => {
  const clock = standing();
  const telemetry = open({ labelValuesMax: 2, clock });
  const send = (service: string, instanceId: string) =>
    telemetry.recorder.record({ service, instanceId, owner: "key" }, [
      measure(),
      measure({ type: "server_crash", dimensions: { server_id: "x" } }),
    ]);
  for (const name of ["a", "b", "c"]) send(name, name);
  for (const name of ["i", "j", "k"]) send("a", name);
  const values = async (family: string, label: string) =>
    [...new Set(select(await telemetry.scrape(), family).map(({ labels }) => labels[label]))].sort();
  assert.equal(await values("mcp_auth_requests_total", "service"), ["_other", "a", "b"]);
  assert.equal(await values("mcp_server_crashes_total", "instance_id"), ["_other", "a", "b", "c", "i"]);
  clock.advance(DAY_MS + 60_000);
  for (const name of ["c", "d"]) send(name, "n");
  assert.equal(await values("mcp_auth_requests_total", "service"), ["c", "d"]);
  assert.equal(await values("mcp_server_crashes_total", "instance_id"), ["n"]);
  assert.equal(await values("metrics_processed_total", "service"), ["c", "d"]);
  await telemetry.shutdown();
});

test("the total of a service never goes down while a part of it counts, and ends with the last", async () => {
  const clock = standing();
  const telemetry = open({ clock, labelValuesMax: 2 });
  const call = (instanceId: string, tool_id: string) =>
    telemetry.recorder.record({ ...QUIET, instanceId }, [
      measure({ type: "tool_invocation", durationMs: 1, dimensions: { tool_id, status: "success" } }),
    ]);
  const totals = async () =>
    Object.fromEntries(
      select(
        parseScrape((await telemetry.serviceExposition({ service: "quiet" })).text),
        "mcp_tool_invocations_total",
      ).map(({ labels, value }) => [labels.tool_id, value]),
    );
  for (const instance of ["a", "b", "c", "d"]) for (const tool of ["x", "y", "z"]) call(instance, tool);
  assert.equal(await totals(), { x: 4, y: 4, _other: 4 });
  for (let hour = 1; hour <= 60; hour++) {
    clock.advance(3_600_000);
    call("d", "x");
    assert.is((await totals()).x, 4 + hour, "others of its instances are gone");
  }
  assert.equal(await totals(), { x: 64 });
  for (let day = 1; day <= 3; day++) {
    clock.advance(DAY_MS - 3_600_000);
    call("d", "x");
  }
  assert.equal(await totals(), { x: 67 });
  clock.advance(DAY_MS + 60_000);
  assert.equal(await totals(), {});
  await telemetry.shutdown();
});

test("a flood is forgotten with what it opened: a day later the table is as it was", async () => {
  const clock = standing();
  const telemetry = open({ naming: "both", clock, seriesMax: 3000, labelValuesMax: 20 });
  const lines = async () => (await telemetry.exposition()).text.split("\n").length;
  const before = await lines();
  for (let index = 0; index < 3000; index++)
    telemetry.recorder.record(
      { service: `s${index}`, instanceId: `i${index}`, owner: "key" },
      everything(`${index}`),
    );
  assert.ok((await lines()) > before + 1000);
  clock.advance(DAY_MS + 60_000);
  await lines();
  clock.advance(DAY_MS + 60_000);
  const families = new Set((await telemetry.scrape()).map(({ family }) => family));
  assert.equal(
    [...families].filter((name) => Object.hasOwn(FAMILIES, name) || /^mcp_/.test(name)),
    [],
  );
  await telemetry.shutdown();
});

test.run();
