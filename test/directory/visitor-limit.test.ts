import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TestClock } from "../support/time.ts";
import { type DirectoryContext, openDirectory, TRACK } from "./directory-service.ts";

const limited = suite<DirectoryContext>("limits of anonymous callers");
limited.before(async (context) => {
  const clock = new TestClock();
  Object.assign(context, { clock });
  Object.assign(
    context,
    await openDirectory({ TRUSTED_PROXIES: "127.0.0.1", METRICS_VISITOR_RATE_LIMIT: "3" }),
  );
});
limited.after(({ close }) => close());

limited(
  "those without a key share a limit by network, whatever address of it they come from",
  async (context) => {
    const { id, key } = await context.register("busy", { isPublic: true });
    const track = (address: string, more = {}) =>
      context.send("POST", TRACK, { "x-forwarded-for": address, ...more }, { server_id: id, action: "view" });
    const statuses = [];
    for (const address of ["203.0.113.1", "203.0.113.2", "203.0.200.9"])
      statuses.push((await track(address)).status);
    assert.equal(statuses, [200, 200, 200]);
    const refused = await track("203.0.7.7");
    assert.equal([refused.status, refused.body.code], [429, "rate_limited"]);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    const figures = await context.send("GET", `/servers/${id}/metrics`, { "x-forwarded-for": "203.0.7.7" });
    assert.is(figures.status, 429, "whatever they ask for");
    assert.is((await track("203.1.0.1")).status, 200, "another network");
    assert.is((await track("203.0.7.7", key)).status, 200, "with a key its own limit counts");
    for (const address of ["2001:db8:1::1", "2001:db8:2::1", "2001:db8:ffff::1"])
      assert.is((await track(address)).status, 200);
    assert.is((await track("2001:db8:3::9")).status, 429);
  },
);

limited.run();
