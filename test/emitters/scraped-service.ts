import { startTestService } from "../support/service.ts";
import { openRows } from "../support/sql.ts";
import { parseScrape } from "../telemetry/scrape.ts";

/** A service, a reader of its rows, and of what it exposes. */
export async function setup(env: Readonly<Record<string, string>> = {}) {
  const service = await startTestService(env);
  const rows = openRows(service.databasePath);
  return {
    service,
    rows,
    scrape: async () => parseScrape(await (await fetch(service.prometheusUrl)).text()),
    async close() {
      rows.close();
      await service.close();
    },
  };
}

/** The columns of `row` that `like` has. */
export function columns(row: Readonly<Record<string, unknown>> | undefined, like: object) {
  return Object.fromEntries(Object.keys(like).map((name) => [name, row?.[name]]));
}
