/** The trail of administrative acts that span several calls. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "./engines.ts";
import { entriesOf, ownName, sharedStore, traceOf, withStore } from "./store-tests.ts";

export function auditContract(test: Test, engine: Engine): void {
  const shared = sharedStore(test, engine);

  test("an act that takes long has begun, and then ends: what came of it is added to its details", async () => {
    const store = await shared();
    const trace = traceOf();
    const id = await store.audit.record(trace, "started");
    assert.equal(await entriesOf(store, trace), [{ ...trace, id, outcome: "started" }]);
    await store.audit.finish(id, "ok", { rows: 7, names: ["a"] });
    const details = { ...trace.details, rows: 7, names: ["a"] };
    assert.equal(await entriesOf(store, trace), [{ ...trace, id, outcome: "ok", details }]);
  });

  test("to finish an act that is not there is ignored, and finishes no other", async () => {
    const store = await shared();
    const trace = traceOf();
    const id = await store.audit.record(trace, "started");
    await store.audit.finish(id + 1000, "ok", {});
    assert.is((await entriesOf(store, trace))[0]?.outcome, "started");
  });

  test("entries are paged from the newest, in the order in which they were made, whatever their times", async () => {
    await withStore(engine, async (store) => {
      const actions = Array.from({ length: 7 }, (_, index) => `act ${index}`);
      for (const [index, action] of actions.entries()) {
        await store.audit.record({ ...traceOf(action), timestampMs: 1e12 - index }, "ok");
      }
      const found: string[] = [];
      let beforeId: number | undefined;
      do {
        const page = await store.audit.list(beforeId, 3);
        assert.ok(page.length <= 3);
        found.push(...page.map(({ action }) => action));
        beforeId = page.at(-1)?.id;
        // What comes meanwhile is newer.
        await store.audit.record(traceOf("later"), "ok");
      } while (beforeId !== undefined);
      assert.equal(found, actions.toReversed());
    });
  });

  test("what a caller chose as a target or detail reads as it was, also half a character, but for a NUL", async () => {
    const store = await shared();
    for (const text of ["'; DROP TABLE\u0000 ü", "half \ud800 a character", ownName()]) {
      const trace = {
        ...traceOf(),
        target: text,
        details: { text, list: [text], none: null, yes: true, n: 1.5 },
      };
      await store.audit.record(trace, "malformed_body");
      const [entry] = await entriesOf(store, trace);
      const wanted = text.replaceAll("\0", "\ufffd");
      const isSame = (found: unknown) => found === wanted || found === wanted.toWellFormed();
      const { text: detail, list, ...rest } = entry?.details ?? {};
      assert.ok(isSame(detail) && isSame((list as readonly string[])[0]), JSON.stringify(entry));
      assert.ok(isSame(entry?.target), entry?.target);
      assert.equal(rest, { none: null, yes: true, n: 1.5 });
      assert.is(entry?.outcome, "malformed_body");
    }
  });
}
