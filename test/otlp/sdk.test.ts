/** The OpenTelemetry SDK with its own exporters, over restarts of the service: every total agrees. */
import { test } from "uvu";
import { JS_APPLICATIONS } from "./sdk-application.ts";
import { overRestarts, TOTALS, withSession, work } from "./sdk-restarts.ts";

for (const [name, start] of Object.entries(JS_APPLICATIONS))
  test(`JavaScript, ${name}: ${TOTALS}`, () => withSession(start, overRestarts));

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test("killed in the middle of exports, the service counts nothing twice and loses nothing", async () => {
  const [start] = Object.values(JS_APPLICATIONS);
  if (start === undefined) throw new Error("there is no application");
  await withSession(start, async (session) => {
    for (let life = 0; life < 3; life += 1) {
      work(session, life);
      await session.export();
      work(session, life + 100);
      const exporting = session.tryExport();
      await turns(life * 40);
      await session.kill();
      await session.start();
      await exporting;
    }
    await session.export();
    session.assertStored();
  });
});

test.run();
