import { suite } from "uvu";
import * as assert from "uvu/assert";
import { submitMetrics } from "../support/http.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { event, started } from "./metrics.ts";
import { get } from "./requests.ts";
import { createShiftedClock } from "./shifted-clock.ts";

const test = suite<{ service: TestService }>("states of a composer's servers");

test.before(async (context) => {
  context.service = await startTestService({}, createShiftedClock());
});
test.after(({ service }) => service.close());

test("of events in one millisecond the last one counts, whichever was met first", async ({ service }) => {
  const restarted = event("server_restart", "a", { reason: "crash" });
  const crashed = event("server_crash", "a");
  const stopped = event("server_stop", "a", { status: "success" });
  for (const [events, status] of [
    [[restarted, crashed], "failed"],
    [[crashed, restarted], "running"],
    [[started("a"), stopped], "stopped"],
    [[stopped, started("a")], "running"],
  ] as const) {
    // Without a timestamp all of a request are of its arrival, and the clock stands.
    await submitMetrics(service.url, events);
    const { body: json } = await get(service, "/api/v1/health/detailed", WRITER_KEY);
    assert.equal(json.servers, { a: status });
  }
});

test("a server runs where it runs in one instance, since the start that was first", async ({ service }) => {
  const instances = ["pod-1", "pod-2"];
  for (const instance_id of instances) await submitMetrics(service.url, [started("b")], { instance_id });
  const status = async () => (await get(service, "/api/v1/servers/b/metrics", WRITER_KEY)).body.status;
  await submitMetrics(service.url, [event("server_crash", "b")], { instance_id: "pod-1" });
  assert.is(await status(), "running");
  await submitMetrics(service.url, [event("server_stop", "b", { status: "success" })], {
    instance_id: "pod-2",
  });
  assert.is(await status(), "failed", "the crash is worse than a stop");
});

test.run();
