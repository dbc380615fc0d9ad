import { test } from "uvu";
import * as assert from "uvu/assert";
import { unitInMs } from "../../src/otlp/units.ts";

const CASES: readonly [number | undefined, ...string[]][] = [
  [1e-6, "ns", "nanoseconds", "nanosecond", "nanos", "nsec", "Nanoseconds"],
  [0.001, "us", "µs", "μs", "microseconds", "microsecond", "micros", "usec"],
  [1, "ms", "milliseconds", "millisecond", "millis", "msec", "msecs", "Milliseconds", "MILLISECONDS"],
  [1, "{ms}", "{milliseconds}", "ms{call}", " ms ", "{ ms }"],
  [1000, "s", "sec", "secs", "second", "seconds", "SECONDS", "Sec", "{s}", "{seconds}", "s{operation}"],
  [60_000, "min", "mins", "minute", "minutes"],
  [3_600_000, "h", "hr", "hrs", "hour", "hours"],
  [86_400_000, "d", "day", "days"],
  [604_800_000, "wk", "week", "weeks"],
  [1e6, "ks"],
  [1e9, "Ms"],
  [undefined, "", " ", "1", "By", "m", "S", "MS", "Hz", "1/s", "By/s", "%", "{}", "{call}", "{request}"],
  [undefined, "secondss", "constructor", "ms ms", "x".repeat(100_000), `{${"ms".repeat(50)}}`],
];

for (const [wanted, ...units] of CASES) {
  test(`${units.slice(0, 4).join(", ")} … have ${wanted} ms`, () => {
    for (const unit of units) assert.is(unitInMs(unit), wanted, unit.slice(0, 80));
  });
}

test.run();
