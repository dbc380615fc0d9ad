/** What an event says of durations: one of 0 is there, and one that nobody has sent is not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ALPHA_KEY } from "../../support/service.ts";
import { BASE_MS, RANGE, setup } from "./queried-service.ts";

const DURATIONS = [0, undefined, 0.5, 1e-9, 86_400_000];

const service = await setup();
test.after(() => service.close());

test("a duration is told as it was sent, and none where none was, through every protocol", async () => {
  const metrics = DURATIONS.map((duration_ms, index) => ({
    type: "custom",
    value: index,
    timestamp: BASE_MS + index,
    ...(duration_ms !== undefined && { duration_ms }),
  }));
  await service.submit(ALPHA_KEY, "alpha", metrics);
  const headers = { "x-api-key": ALPHA_KEY };
  for (const door of service.doors) {
    const client = service.client(door);
    const { events } = await client.listEvents({ range: RANGE }, { headers });
    assert.equal(events.map((event) => event.durationMs).reverse(), DURATIONS, door.name);
    const exported: (number | undefined)[] = [];
    for await (const page of client.exportEvents({ range: RANGE }, { headers }))
      exported.push(...page.events.map((event) => event.durationMs));
    assert.equal(exported, DURATIONS, door.name);
  }
  const csv = await (await fetch(`${service.url}/api/export.csv`, { headers })).text();
  const [head = "", ...records] = csv.trimEnd().split("\r\n");
  const column = head.split(",").indexOf("duration_ms");
  assert.equal(
    records.map((record) => record.split(",")[column]),
    ["0", "", "0.5", "1e-9", "86400000"],
  );
});

test.run();
