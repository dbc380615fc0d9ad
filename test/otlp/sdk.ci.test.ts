/** The OpenTelemetry SDK with its own exporters, over restarts of the service: every total agrees. */
import { test } from "uvu";
import { pythonTests } from "../support/python.ts";
import { JS_APPLICATIONS, type StartApplication, startPython } from "./sdk-application.ts";
import { openSession, type Session } from "./sdk-session.ts";

/** Some calls, jobs and sizes; in eighths, whose sums are exact. */
function work(session: Session, round: number): void {
  for (let index = 0; index < 20; index += 1) {
    const seconds = (((index * 37 + round * 11) % 160) + 1) / 8;
    session.call(seconds, index % 5 === 0 ? "timeout" : undefined);
    session.finishJobs(index % 3);
    session.send(((index * 53 + round) % 200) * 8);
  }
}

async function withSession(
  start: StartApplication,
  body: (session: Session) => Promise<void>,
): Promise<void> {
  const session = await openSession(start);
  try {
    await body(session);
  } finally {
    await session.close();
  }
}

async function overRestarts(session: Session): Promise<void> {
  work(session, 1);
  await session.export();
  work(session, 2);
  await session.export();
  await session.stop("SIGTERM");
  work(session, 3);
  // Over HTTP its own retries find the service again.
  const exporting = session.tryExport();
  await session.start();
  await exporting;
  await session.export();
  work(session, 4);
  await session.export();
  await session.stop("SIGKILL");
  work(session, 5);
  await session.start();
  await session.export();
  await session.assertTotals();
}

const TOTALS = "totals in SQL, in /metrics and in the SDK agree over a restart and a kill";

for (const [name, start] of Object.entries(JS_APPLICATIONS))
  test(`JavaScript, ${name}: ${TOTALS}`, () => withSession(start, overRestarts));

const pythonTest = await pythonTests(test);

for (const protocol of ["http", "grpc"]) {
  pythonTest(`Python, ${protocol}: ${TOTALS}`, (python) =>
    withSession((port, key) => startPython(python, protocol, port, key), overRestarts),
  );
}

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
