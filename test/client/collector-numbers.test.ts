import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MetricsCollector } from "../../src/client/index.ts";
import { closeCollector, openCollector } from "./open-collector.ts";

test.after.each(closeCollector);

/** What no composer can have: the missing number would otherwise be the client's 1. */
const NO_NUMBERS: readonly {
  readonly name: string;
  readonly call: (collector: MetricsCollector) => void;
  readonly rejected: number;
  readonly shows: Readonly<Record<string, Readonly<Record<string, number>>>>;
}[] = [
  {
    name: "three counts of servers, as JavaScript may pass them",
    call: (collector) => collector.updateServerCounts(2, 1, 1),
    rejected: 0,
    shows: {
      mcp_servers_total: { "": 2 },
      mcp_servers_running: { "": 1 },
      mcp_servers_stopped: { "": 1 },
      mcp_servers_failed: { "": 0 },
    },
  },
  {
    name: "no counts of servers",
    call: (collector) => (collector.updateServerCounts as () => void)(),
    rejected: 3,
    shows: { mcp_servers_total: {}, mcp_servers_failed: { "": 0 } },
  },
  {
    name: "a missing count of prompts and resources",
    call: (collector) => (collector.updateCapabilityCounts as (tools: number) => void)(3),
    rejected: 2,
    shows: { mcp_tools_total: { "": 3 }, mcp_prompts_total: {}, mcp_resources_total: {} },
  },
  {
    name: "missing tools of a server, beside one that has some",
    call: (collector) => collector.updatePerServerTools({ a: undefined as never, b: null as never, c: 2 }),
    rejected: 2,
    shows: { mcp_tools_by_server: { "server_id=c": 2 } },
  },
  {
    name: "missing conflicts and usage",
    call: (collector) => {
      (collector.updateToolConflicts as () => void)();
      (collector.updateProcessUsage as (memoryMb: number) => void)(120);
    },
    rejected: 2,
    shows: { mcp_tool_conflicts_total: {} },
  },
  {
    name: "numbers below 0, NaN and infinite ones",
    call: (collector) => {
      collector.updateServerCounts(-1, Number.NaN, Number.POSITIVE_INFINITY, -0.5);
      collector.updateCapabilityCounts(-1, -2, -0);
      collector.updatePerServerPrompts({ a: -3 });
      collector.updateToolConflicts(-1);
      collector.updateProcessUsage(-1, -2, "a");
    },
    rejected: 10,
    shows: {
      mcp_servers_total: {},
      mcp_servers_running: {},
      mcp_servers_stopped: {},
      mcp_servers_failed: {},
      mcp_tools_total: {},
      mcp_resources_total: { "": 0 },
      mcp_prompts_by_server: {},
      mcp_tool_conflicts_total: {},
    },
  },
];

for (const { name, call, rejected, shows } of NO_NUMBERS) {
  test(`no number is made up, and none that cannot be is shown: ${name}`, async () => {
    const { collector, scrape, client, clock } = await openCollector();
    call(collector);
    for (const [family, expected] of Object.entries(shows))
      assert.equal(await scrape(family), expected, family);
    assert.is(client.counts.rejected, rejected);
    clock.advance(60_000);
    await client.flush();
    assert.is(client.counts.rejected, rejected, "what was rejected is not reported again");
  });
}

test.run();
