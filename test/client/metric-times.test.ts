/** The time that a metric has: the one that its host gave it, or that at which it was emitted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TestClock } from "../support/time.ts";
import { closeAll, openClient, startService } from "./client-and-service.ts";

test.after.each(closeAll);

test("a metric carries the time at which it was emitted, not sent", async () => {
  const service = await startService();
  const clock = new TestClock(Date.now() - 3_600_000);
  const { client } = openClient({ url: service.url, clock, flushIntervalMs: 60_000 });
  const emittedMs = clock.wallMs();
  client.emitCustom({ name: "first", value: 1 });
  clock.advance(30_000);
  client.emitCustom({ name: "second", value: 1, timestamp: new Date(emittedMs - 5) });
  await client.flush();
  const times = service.rows().map((row) => Date.parse(String(row.timestamp)));
  assert.equal(times, [emittedMs, emittedMs - 5]);
});

/** What a host may give for a time, and the time that is stored; undefined: when it was emitted. */
const GIVEN_TIMES: readonly (readonly [
  timestamp: Date | number | null | undefined,
  storedMs: number | undefined,
])[] = [
  [undefined, undefined],
  [null, undefined],
  [0, 0],
  [-0, 0],
  [new Date(0), 0],
  [0.9, 0],
  [1, 1],
  [new Date(1), 1],
  [Date.UTC(2001, 1, 3), Date.UTC(2001, 1, 3)],
  [1_700_000_000_123.9, 1_700_000_000_123],
];

test("a metric has the time that it was given, the very first one too, and else that at which it was emitted", async () => {
  const service = await startService();
  const clock = new TestClock(Date.now());
  const { client, problems } = openClient({ url: service.url, clock });
  const emittedMs = clock.wallMs();
  for (const [timestamp] of GIVEN_TIMES) client.emitCustom({ name: "n", value: 1, timestamp } as never);
  await client.flush();
  assert.equal(problems, []);
  const times = service.rows().map((row) => Date.parse(String(row.timestamp)));
  assert.equal(
    times,
    GIVEN_TIMES.map(([, storedMs]) => storedMs ?? emittedMs),
  );
});

test.run();
