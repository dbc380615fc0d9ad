/** Instances that end, in every way they do: what is left is the same on the scrape and over REST. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MetricsClient, MetricsCollector } from "../../src/client/index.ts";
import { type JsonAnswer, submitMetrics } from "../support/http.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { parseScrape } from "../telemetry/scrape.ts";
import { called, count, event, offer, started, state, usage } from "./metrics.ts";
import { get } from "./requests.ts";
import { composerSamples } from "./samples.ts";
import { createShiftedClock } from "./shifted-clock.ts";

interface Context {
  readonly service: TestService;
  readonly clock: ReturnType<typeof createShiftedClock>;
}

const test = suite<Context>("instances of composers");
const EXPIRY_SECONDS = 120;

test.before.each(async (context) => {
  const clock = createShiftedClock();
  const env = { METRICS_INSTANCE_EXPIRY_SECONDS: `${EXPIRY_SECONDS}` };
  Object.assign(context, { clock, service: await startTestService(env, clock) });
});
test.after.each(({ service }) => service.close());

/** A process with two servers, of which one runs; time passes for it only when it reports. */
async function deploy({ service, clock }: Context, instanceId: string | undefined) {
  const client = new MetricsClient({
    url: service.url,
    apiKey: WRITER_KEY,
    service: "test",
    instanceId,
    clock,
  });
  const collector = new MetricsCollector(client, { clock: { ...clock, after: () => () => {} } });
  async function report() {
    collector.initialize("1.0", "linux");
    collector.updateServerCounts(2, 1, 1);
    collector.updateCapabilityCounts(7, 0, 0);
    collector.updatePerServerTools({ [`server-of-${instanceId}`]: 7 });
    assert.is(await client.flush(), true);
  }
  await report();
  return { client, collector, report };
}

/** How many servers there are by each of the ways to learn it, and who says that all is well. */
async function seen({ service }: Context) {
  const ask = (path: string): Promise<JsonAnswer> => get(service, `/api/v1/${path}`, WRITER_KEY);
  const scrape = parseScrape(await (await fetch(service.prometheusUrl)).text());
  const perInstance = scrape.filter(({ name }) => name === "mcp_servers_total");
  const own = composerSamples(parseScrape((await ask("metrics/prometheus")).text), []);
  const [metrics, status, health] = await Promise.all(["metrics", "status", "health/detailed"].map(ask));
  const { servers, uptime_seconds, per_server } = (metrics?.body ?? {}) as Record<
    string,
    { total?: unknown }
  >;
  const statusServers = (status?.body.servers ?? {}) as Record<string, object>;
  return {
    instances: perInstance.map(({ labels }) => labels.instance_id).sort(),
    totals: [
      perInstance.length === 0 ? null : perInstance.reduce((total, { value }) => total + value, 0),
      own.mcp_servers_total ?? null,
      servers?.total,
      statusServers.total,
      health?.body.total_servers,
    ],
    names: [per_server, statusServers.statuses, health?.body.servers].map((each) => Object.keys(each ?? {})),
    hasUptime: [uptime_seconds, status?.body.uptime_seconds, health?.body.uptime_seconds].map(
      (each) => each !== null,
    ),
    words: [status?.body.status, health?.body.status],
  };
}

function expected(instances: readonly string[]) {
  const total = instances.length === 0 ? null : 2 * instances.length;
  const names = instances.map((name) => `server-of-${name}`);
  const isAny = instances.length > 0;
  return {
    instances,
    totals: [total, total, total, total, total],
    names: [names, names, names],
    hasUptime: [isAny, isAny, isAny],
    words: isAny ? ["healthy", "degraded"] : ["degraded", "unhealthy"],
  };
}

test("one that is closed is gone at once; one that is killed, or deployed anew, once it was silent", async (context) => {
  const { clock } = context;
  const one = await deploy(context, "pod-1");
  const two = await deploy(context, "pod-2");
  assert.equal(await seen(context), expected(["pod-1", "pod-2"]));
  await one.collector.close();
  assert.equal(await seen(context), expected(["pod-2"]), "closed");
  one.collector.updateServerCounts(5, 5, 0);
  one.collector.updatePerServerTools({ late: 1 });
  one.collector.recordServerCrash("late");
  await one.client.flush();
  assert.equal(await seen(context), expected(["pod-2"]), "what it says afterwards changes nothing");

  // pod-2 is killed: its process says nothing more, and another takes its place.
  clock.advance(60_000);
  const three = await deploy(context, "pod-3");
  assert.equal(await seen(context), expected(["pod-2", "pod-3"]), "nobody knows yet");
  clock.advance((EXPIRY_SECONDS - 60) * 1000 - 1000);
  assert.equal(await seen(context), expected(["pod-2", "pod-3"]), "a second before");
  clock.advance(2000);
  assert.equal(await seen(context), expected(["pod-3"]), "a second after");
  await three.report();
  clock.advance(EXPIRY_SECONDS * 1000 + 1000);
  assert.equal(await seen(context), expected([]), "none is left, and it is said");
  await two.report();
  assert.equal(await seen(context), expected(["pod-2"]), "it was the network that was gone");
  for (const { client } of [one, two, three]) await client.close();
});

test("deployed anew under the same name, the new process is what there is, whatever comes late from the old one", async (context) => {
  const { service, clock } = context;
  const at = (seconds: number) => new Date(clock.wallMs() + seconds * 1000).toISOString();
  const send = (...metrics: object[]) => submitMetrics(service.url, metrics, { instance_id: "pod" });
  await send({ ...count("total", 9), timestamp: at(-3) }, { ...offer("tools", 3, "old"), timestamp: at(-3) });
  await send({ ...state("composer_shutdown", 1), timestamp: at(-2) });
  const totals = async () => (await seen(context)).totals;
  assert.equal(await totals(), [null, null, null, null, null]);
  // A retry of what was so before the end.
  await send(
    { ...count("total", 8), timestamp: at(-2) },
    { ...offer("tools", 2, "old"), timestamp: at(-2.5) },
  );
  assert.equal(await totals(), [null, null, null, null, null]);
  await send({ ...count("total", 4), timestamp: at(-1) });
  assert.equal(await totals(), [4, 4, 4, 4, 4]);
  await send({ ...state("composer_shutdown", 1), timestamp: at(-2) });
  assert.equal(await totals(), [4, 4, 4, 4, 4], "the end of the old one, again");
  assert.equal((await seen(context)).names, [[], [], []]);
});

/** Whatever an instance says, it lives. */
const SIGNS = [
  state("composer_uptime", 5),
  called("server.search", 10),
  usage("memory_mb", 3),
  event("server_crash", "x"),
  { type: "http_request", value: 1, dimensions: { method: "GET", endpoint: "/", status_code: 200 } },
];

for (const sign of SIGNS) {
  test(`an instance that has sent ${sign.type} is not silent, on the scrape and over REST`, async (context) => {
    const { service, clock } = context;
    const send = (...metrics: object[]) => submitMetrics(service.url, metrics, { instance_id: "pod" });
    await send(count("total", 2));
    for (let minute = 0; minute < 5; minute += 1) {
      clock.advance(EXPIRY_SECONDS * 900);
      await send(sign);
      assert.equal((await seen(context)).totals, [2, 2, 2, 2, 2]);
    }
    clock.advance(EXPIRY_SECONDS * 1000 + 1000);
    assert.equal((await seen(context)).totals, [null, null, null, null, null]);
  });
}

test("a clock that goes wrong at the composer neither ends nor keeps it", async (context) => {
  const { service, clock } = context;
  const old = new Date(clock.wallMs() - 7_200_000).toISOString();
  const send = (...metrics: object[]) => submitMetrics(service.url, metrics, { instance_id: "pod" });
  await send({ ...count("total", 2), timestamp: old });
  assert.equal((await seen(context)).totals, [2, 2, 2, 2, 2]);
  const ahead = new Date(clock.wallMs() + 200_000).toISOString();
  await send({ ...count("total", 3), timestamp: ahead });
  clock.advance(EXPIRY_SECONDS * 1000 + 1000);
  assert.equal((await seen(context)).totals, [null, null, null, null, null]);
});

test("a server whose tools are called by an instance that is gone is gone too", async ({
  service,
  clock,
}) => {
  const send = (instance_id: string, ...metrics: object[]) =>
    submitMetrics(service.url, metrics, { instance_id });
  const status = async (id: string) =>
    (await get(service, `/api/v1/servers/${id}/metrics`, WRITER_KEY)).body.status;
  await send("pod-1", started("a"), called("b.x", 1));
  assert.equal([await status("a"), await status("b")], ["running", "running"]);
  clock.advance(EXPIRY_SECONDS * 1000 + 1000);
  await send("pod-2", called("c.x", 1));
  assert.equal([await status("a"), await status("b"), await status("c")], [undefined, undefined, "running"]);
  const { body } = await get(service, "/api/v1/metrics", WRITER_KEY);
  assert.equal(Object.keys(body.per_server as object), ["c"]);
});

test("getMetrics is what this process has said, whether or not it has a name", async (context) => {
  for (const names of [
    ["pod-1", "pod-2"],
    [undefined, undefined],
  ]) {
    const [one, two] = await Promise.all(names.map((name) => deploy(context, name)));
    if (one === undefined || two === undefined) return;
    one.collector.recordServerCrash("a");
    two.collector.recordServerCrash("a");
    two.collector.recordServerCrash("b");
    const own = async ({ collector }: typeof one) => {
      const shown = composerSamples(parseScrape(await collector.getMetrics()), []);
      return Object.entries(shown)
        .filter(([name]) => /crashes|servers_total/.test(name))
        .sort();
    };
    assert.equal(await own(one), [
      ['mcp_server_crashes_total{server_id="a"}', 1],
      ["mcp_servers_total", 2],
    ]);
    assert.equal(await own(two), [
      ['mcp_server_crashes_total{server_id="a"}', 1],
      ['mcp_server_crashes_total{server_id="b"}', 1],
      ["mcp_servers_total", 2],
    ]);
    await one.collector.close();
    assert.equal(
      (await own(one)).map(([name]) => name),
      ['mcp_server_crashes_total{server_id="a"}'],
    );
    assert.equal((await own(two)).length, 3, "the end of one is not the other's");
    await two.collector.close();
    for (const { client } of [one, two]) await client.close();
  }
});

test.run();
