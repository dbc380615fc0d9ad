/** The OpenTelemetry SDK with its own exporters, over restarts of the service: every total agrees. */
import { test } from "uvu";
import { EXPORTERS, openSession, type Session } from "./sdk-session.ts";

/** Some calls, jobs and sizes; in eighths, whose sums are exact. */
function work(session: Session, round: number): void {
  for (let index = 0; index < 20; index += 1) {
    const seconds = (((index * 37 + round * 11) % 160) + 1) / 8;
    session.call(seconds, index % 5 === 0 ? "timeout" : undefined);
    session.finishJobs(index % 3);
    session.send(((index * 53 + round) % 200) * 8);
  }
}

function sessionTest(
  name: string,
  exporter: keyof typeof EXPORTERS,
  body: (session: Session) => Promise<void>,
): void {
  test(name, async () => {
    const session = await openSession(exporter);
    try {
      await body(session);
    } finally {
      await session.close();
    }
  });
}

for (const exporter of Object.keys(EXPORTERS) as (keyof typeof EXPORTERS)[]) {
  sessionTest(
    `${exporter}: totals in SQL, in /metrics and in the SDK agree over restarts`,
    exporter,
    async (session) => {
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
    },
  );
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const killed = "killed in the middle of exports, the service counts nothing twice and loses nothing";
sessionTest(killed, "OTLP/HTTP, protobuf", async (session) => {
  for (let life = 0; life < 4; life += 1) {
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

test.run();
