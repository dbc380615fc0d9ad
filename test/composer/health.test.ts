import { suite } from "uvu";
import * as assert from "uvu/assert";
import { submitMetrics } from "../support/http.ts";
import { ADMIN_KEY, startTestService, type TestService, WRITER_KEY, WRONG_KEY } from "../support/service.ts";
import { count, started } from "./metrics.ts";
import { get } from "./requests.ts";
import { createShiftedClock } from "./shifted-clock.ts";

interface Context {
  readonly service: TestService;
  readonly clock: ReturnType<typeof createShiftedClock>;
}

const test = suite<Context>("health of composers");

test.before.each(async (context) => {
  const clock = createShiftedClock();
  Object.assign(context, { clock, service: await startTestService({}, clock) });
});
test.after.each(({ service }) => service.close());

const OPEN = ["/api/v1/health", "/api/v1/version"];

test("the open routes say that it lives and what it is", async ({ service, clock }) => {
  const timestamp = new Date(clock.wallMs()).toISOString();
  const [health, version] = await Promise.all(OPEN.map((path) => get(service, path)));
  assert.equal(health?.body, { status: "healthy", version: "0.0.0-test", timestamp });
  const { platform, ...said } = version?.body ?? {};
  assert.equal(said, {
    name: "mcp-metrics",
    version: "0.0.0-test",
    api_version: "v1",
    build_date: null,
    git_commit: null,
    python_version: "n/a",
    timestamp,
  });
  assert.match(String(platform), /^\w+-\w+$/);
});

test("without a key the health of all composers is told, and servers are named of one service only", async ({
  service,
}) => {
  const path = "/api/v1/health/detailed";
  await submitMetrics(service.url, [count("total", 2), count("running", 2), started("a")]);
  const { status, body: json } = await get(service, path);
  assert.equal(
    [status, json.status, json.total_servers, json.servers],
    [200, "healthy", 2, { a: "running" }],
  );
  await submitMetrics(service.url, [count("total", 3), started("z")], { service: "another" });
  const { body: both } = await get(service, path);
  assert.equal([both.status, both.total_servers, both.servers], ["degraded", 5, {}]);
  assert.equal((await get(service, path, WRITER_KEY)).body.servers, { a: "running" });
  assert.equal((await get(service, path, ADMIN_KEY)).body.servers, { a: "running", z: "running" });
  for (const name of ["another", "nobody"]) {
    const { status, body } = await get(service, `${path}?service=${name}`);
    assert.equal([status, body.error], [401, "api_key_missing"]);
  }
  assert.is((await get(service, path, WRONG_KEY)).status, 401);
});

/** `status` and `health/detailed` by the numbers of servers in all, that run and that have failed. */
const WORDS = [
  { counts: [3, 3, 0], words: ["healthy", "healthy"] },
  { counts: [3, 2, 1], words: ["healthy", "degraded"] },
  { counts: [3, 1, 0], words: ["healthy", "degraded"] },
  { counts: [3, 0, 0], words: ["degraded", "unhealthy"] },
  { counts: [0, 0, 0], words: ["degraded", "unhealthy"] },
] as const;

test("status and health say what a composer would say of such servers", async ({ service }) => {
  for (const { counts, words } of WORDS) {
    const [total, running, failed] = counts;
    await submitMetrics(service.url, [
      count("total", total),
      count("running", running),
      count("failed", failed),
    ]);
    const answers = await Promise.all(
      ["status", "health/detailed"].map((path) => get(service, `/api/v1/${path}`, WRITER_KEY)),
    );
    assert.equal(
      answers.map(({ body }) => body.status),
      words,
      counts.join(),
    );
  }
});

test.run();
