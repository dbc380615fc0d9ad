/** What an application with the SDK does while the service is restarted under it. */
import type { StartApplication } from "./sdk-application.ts";
import { openSession, type Session } from "./sdk-session.ts";

/** What each of these sessions shows. */
export const TOTALS = "totals in SQL, in /metrics and in the SDK agree over a restart and a kill";

/** Some calls, jobs and sizes; in eighths, whose sums are exact. */
export function work(session: Session, round: number): void {
  for (let index = 0; index < 20; index += 1) {
    const seconds = (((index * 37 + round * 11) % 160) + 1) / 8;
    session.call(seconds, index % 5 === 0 ? "timeout" : undefined);
    session.finishJobs(index % 3);
    session.send(((index * 53 + round) % 200) * 8);
  }
}

export async function withSession(
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

export async function overRestarts(session: Session): Promise<void> {
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
