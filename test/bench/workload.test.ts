import { test } from "uvu";
import * as assert from "uvu/assert";
import { createWorkload } from "../../bench/workload.ts";

const take = (seed: number, count: number) => {
  const workload = createWorkload(seed);
  return Array.from({ length: count }, () => workload.next());
};

test("the same seed gives the same metrics, and another seed others", () => {
  assert.equal(take(1, 200), take(1, 200));
  assert.not.equal(take(1, 200), take(2, 200));
});

test("the mix is 40 % authentications, 45 % tool executions, 10 % discoveries and 5 % the rest", () => {
  const metrics = take(3, 20_000);
  const share = (type: string) => metrics.filter((metric) => metric.type === type).length / metrics.length;
  for (const [type, expected] of Object.entries({
    auth_request: 0.4,
    tool_execution: 0.45,
    tool_discovery: 0.1,
  })) {
    assert.ok(Math.abs(share(type) - expected) < 0.02, `${type}: ${share(type)}`);
  }
});

test("a metric is about 300 bytes of JSON with its timestamp", () => {
  const timestamp = "2026-01-02T03:04:05.678Z";
  const bytes = take(4, 5_000).reduce(
    (sum, metric) => sum + JSON.stringify({ ...metric, timestamp }).length,
    0,
  );
  assert.ok(bytes / 5_000 > 270 && bytes / 5_000 < 340, `${bytes / 5_000}`);
});

test.run();
