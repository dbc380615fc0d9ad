import { test } from "uvu";
import * as assert from "uvu/assert";
import { createProgress } from "../../src/cli/progress.ts";

function setup(isTerminal: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const progress = createProgress({
    write: (text) => void written.push(text),
    isTerminal,
    monotonicMs: () => clock.ms,
    unit: "rows",
  });
  return { progress, written, clock };
}

test("a terminal shows one line with a bar, rate and time left, and nothing of it at the end", () => {
  const { progress, written, clock } = setup(true);
  progress.show(0, 1000);
  clock.ms = 2000;
  progress.show(250, 1000);
  clock.ms = 2050;
  progress.show(260, 1000);
  progress.clear();
  assert.equal(written, [
    "\r\x1b[K[------------------------] 0 %, 0 of 1000 rows, 0 rows/s",
    "\r\x1b[K[######------------------] 25 %, 250 of 1000 rows, 125 rows/s, 6 s left",
    "\r\x1b[K",
  ]);
});

test("elsewhere a plain line every five seconds is enough", () => {
  const { progress, written, clock } = setup(false);
  for (clock.ms = 0; clock.ms <= 11_000; clock.ms += 1000) progress.show(clock.ms, 3_600_000);
  progress.clear();
  assert.equal(written, [
    "0 %, 5000 of 3600000 rows, 1000 rows/s, 59 min 55 s left\n",
    "0 %, 10000 of 3600000 rows, 1000 rows/s, 59 min 50 s left\n",
  ]);
});

test("nothing to do is all done, and hours are hours", () => {
  const { progress, written, clock } = setup(true);
  progress.show(0, 0);
  clock.ms = 1000;
  progress.show(1, 7201);
  assert.match(written[0] ?? "", "[########################] 100 %, 0 of 0 rows");
  assert.match(written[1] ?? "", "2 h 0 min left");
});

test.run();
