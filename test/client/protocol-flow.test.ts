import { test } from "uvu";
import * as assert from "uvu/assert";
import { ProtocolFlow } from "../../src/client/index.ts";
import { TestClock } from "../support/time.ts";
import { closeAll, openClient, startService } from "./client-and-service.ts";

test.after.each(closeAll);

async function open(options: { readonly sessionsMax?: number } = {}) {
  const service = await startService();
  const clock = new TestClock(Date.now() - 2 * 3_600_000);
  const { client } = openClient({ url: service.url, clock });
  const flow = new ProtocolFlow(client, { clock, ...options });
  return {
    flow,
    clock,
    client,
    async steps(): Promise<readonly unknown[]> {
      await client.flush();
      return service.rows().map(({ dimensions, value }) => {
        const { flow_step, server_name } = JSON.parse(String(dimensions));
        return [flow_step, server_name, value];
      });
    },
  };
}

test("each step of a session is measured once, from its first call on", async () => {
  const { flow, clock, steps } = await open();
  const calls = ["initialize", "ping", "tools/list", "tools/list", "tools/call", "tools/call", "tools/list"];
  for (const method of calls) {
    flow.record("s1", method, "github");
    clock.advance(500);
  }
  assert.equal(await steps(), [
    ["initialize_to_tools_list", "github", 1],
    ["tools_list_to_tools_call", "github", 1],
    ["full_protocol_flow", "github", 2],
  ]);
});

test("sessions do not mix, and a session without a beginning has no steps", async () => {
  const { flow, clock, steps } = await open();
  flow.record("s1", "initialize", "a");
  clock.advance(1000);
  flow.record("s2", "initialize", "b");
  flow.record("s3", "tools/call", "c");
  clock.advance(1000);
  flow.record("s2", "tools/call");
  flow.record("s1", "tools/list");
  assert.equal(await steps(), [
    ["full_protocol_flow", "b", 1],
    ["initialize_to_tools_list", "a", 2],
  ]);
});

test("sessions that never end take no more memory than the limit", async () => {
  const { flow, steps } = await open({ sessionsMax: 100 });
  for (let index = 0; index < 100_000; index += 1) flow.record(`s${index}`, "initialize");
  assert.is(flow.sessions, 100);
  flow.record("s0", "tools/list");
  assert.equal(await steps(), []);
  flow.record("s99999", "tools/list");
  assert.is((await steps()).length, 1);
  flow.end("s99999");
  assert.is(flow.sessions, 99);
});

test("an initialize that comes again within the hour, to the last millisecond, changes no beginning", async () => {
  const { flow, clock, steps } = await open();
  flow.record("s1", "initialize");
  clock.advance(3_600_000);
  flow.record("s1", "initialize");
  flow.record("s1", "tools/list");
  assert.equal(await steps(), [["initialize_to_tools_list", undefined, 3600]]);
});

test("a session is dropped after an hour, and may begin again", async () => {
  const { flow, clock, steps } = await open();
  flow.record("s1", "initialize");
  clock.advance(3_600_001);
  flow.record("s1", "tools/list");
  assert.is(flow.sessions, 0);
  flow.record("s1", "initialize");
  clock.advance(2000);
  flow.record("s1", "tools/list", "late");
  assert.equal(await steps(), [["initialize_to_tools_list", "late", 2]]);
});

test.run();
