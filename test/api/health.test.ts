import { test } from "uvu";
import * as assert from "uvu/assert";
import { createReadiness, health } from "../../src/api/health.ts";
import { TestClock, turn } from "../support/time.ts";

function setup() {
  const clock = new TestClock();
  const probes: { readonly succeed: () => void; readonly fail: (error: Error) => void }[] = [];
  const state = { isShuttingDown: false };
  const check = createReadiness({
    clock,
    probe: () => new Promise<void>((succeed, fail) => void probes.push({ succeed, fail })),
    isShuttingDown: () => state.isShuttingDown,
  });
  return { clock, probes, state, check };
}

const READY = { ready: true, database: "connected" };
const NOT_READY = { ready: false, database: "unavailable" };

test("health says that the process answers, and exactly this", () => {
  assert.equal(health(), { status: "healthy", service: "metrics-collection" });
});

test("readiness is what the probe found", async () => {
  const { probes, check, clock } = setup();
  const first = check();
  probes[0]?.succeed();
  assert.equal(await first, READY);
  clock.advance(1000);
  const second = check();
  probes[1]?.fail(new Error("disk full"));
  assert.equal(await second, NOT_READY);
  assert.is(clock.pendingTimers, 0, "a probe that answered has no timeout left");
});

test("one probe speaks for everyone who asks within a second, and for nobody after it", async () => {
  const { probes, check, clock } = setup();
  const together = [check(), check(), check()];
  probes[0]?.succeed();
  assert.equal(await Promise.all(together), [READY, READY, READY]);
  clock.advance(999);
  assert.equal(await check(), READY);
  assert.is(probes.length, 1);
  clock.advance(1);
  const later = check();
  assert.is(probes.length, 2);
  probes[1]?.succeed();
  await later;
});

test("a jump of the wall clock does not make an answer last longer", async () => {
  const { probes, check, clock } = setup();
  const first = check();
  probes[0]?.succeed();
  await first;
  clock.jumpWall(-3_600_000);
  clock.advance(1000);
  const second = check();
  assert.is(probes.length, 2);
  probes[1]?.succeed();
  await second;
});

test("a probe that does not end counts as failed after five seconds", async () => {
  const { probes, check, clock } = setup();
  const answer = check();
  clock.advance(5000);
  assert.equal(await answer, NOT_READY);
  probes[0]?.succeed();
  await turn();
  const next = check();
  probes[1]?.succeed();
  assert.equal(await next, READY);
});

test("a service that shuts down is not ready, and does not probe", async () => {
  const { probes, check, state } = setup();
  state.isShuttingDown = true;
  assert.equal(await check(), { ready: false, database: "shutting_down" });
  assert.is(probes.length, 0);
});

test.run();
