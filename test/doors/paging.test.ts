/** One paging for every list: pages of any size hold each row once, and no token leads to an empty page. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AdminService } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { QueryService } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { openDirectory } from "../directory/directory-service.ts";
import { ADMIN, storeMetrics } from "../support/http.ts";
import { NEW_KEY } from "../support/service.ts";

/** Rows that each list has. */
const ROWS = 6;
const directory = await openDirectory();
const { service, rpc, transport } = directory;
const admin = createClient(AdminService, transport);
const queries = createClient(QueryService, transport);
const headers = { ...ADMIN };
const range = {
  start: timestampFromMs(Date.now() - 3_600_000),
  end: timestampFromMs(Date.now() + 3_600_000),
};

test.after(async () => {
  await directory.close();
});

test.before(async () => {
  const { key } = await directory.register("listed");
  for (let at = 0; at < ROWS; at += 1) {
    await storeMetrics(service.url, [
      { type: "tool_execution", value: 1, dimensions: { tool_name: `t${at}` } },
    ]);
    await rpc.recordEvent({ serverId: "listed", eventType: "restart", newValue: `${at}` }, { headers: key });
    await rpc.trackUsage({ serverId: "listed", action: "view", toolId: `tool-${at}` }, { headers: key });
  }
  for (let at = 1; at < ROWS; at += 1) await directory.register(`more-${at}`);
  while ((await admin.listKeys({}, { headers })).keys.length < ROWS)
    await service.service.keys.create(NEW_KEY);
});

interface Page {
  readonly rows: readonly string[];
  readonly nextPageToken: string;
}

type List = (page: { pageSize: number; pageToken: string }) => Promise<Page>;

const LISTS: Readonly<Record<string, List>> = {
  async listKeys(page) {
    const { keys, nextPageToken } = await admin.listKeys(page, { headers });
    return { rows: keys.map(({ id }) => `${id}`), nextPageToken };
  },
  async listAuditEntries(page) {
    const { entries, nextPageToken } = await admin.listAuditEntries(page, { headers });
    return { rows: entries.map(({ id }) => `${id}`), nextPageToken };
  },
  async listServers(page) {
    const { servers, nextPageToken } = await rpc.listServers(page, { headers });
    return { rows: servers.map(({ serverId }) => serverId), nextPageToken };
  },
  async "events of a server"(page) {
    const { events, nextPageToken } = await rpc.listEvents({ serverId: "listed", ...page }, { headers });
    return { rows: events.map(({ newValue }) => newValue), nextPageToken };
  },
  async listUsage(page) {
    const { uses, nextPageToken } = await rpc.listUsage({ serverId: "listed", ...page }, { headers });
    return { rows: uses.map(({ toolId }) => toolId), nextPageToken };
  },
  async "events of queries"(page) {
    const { events, nextPageToken } = await queries.listEvents({ range, ...page }, { headers });
    return { rows: events.map(({ id }) => `${id}`), nextPageToken };
  },
  async listDimensionValues(page) {
    const asked = { range, dimension: "tool", ...page };
    const { values, nextPageToken } = await queries.listDimensionValues(asked, { headers });
    return { rows: values.map(({ value }) => value), nextPageToken };
  },
};

async function readAll(list: List, pageSize: number): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  let pageToken = "";
  do {
    const page = await list({ pageSize, pageToken });
    pages.push(page.rows);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return pages;
}

for (const [name, list] of Object.entries(LISTS)) {
  test(`${name}: pages of any size hold each row once, and none is empty`, async () => {
    const whole = await list({ pageSize: 1000, pageToken: "" });
    assert.is(whole.nextPageToken, "");
    const { rows } = whole;
    assert.ok(rows.length >= ROWS, `${rows.length} rows`);
    assert.is(new Set(rows).size, rows.length);
    assert.equal(await list({ pageSize: 0, pageToken: "" }), whole, "a hundred where nothing is said");
    for (const pageSize of [1, 2, 3, rows.length - 1, rows.length, rows.length + 1]) {
      const pages = await readAll(list, pageSize);
      assert.equal(pages.flat(), rows, `pages of ${pageSize}`);
      assert.is(pages.length, Math.ceil(rows.length / pageSize), `pages of ${pageSize}`);
    }
  });

  test(`${name}: a size out of range and a token of nobody are rejected in the same words`, async () => {
    const failure = async (pageSize: number, pageToken: string) =>
      list({ pageSize, pageToken }).then(
        () => "none",
        (error: Error) => error.message,
      );
    assert.match(await failure(1001, ""), /page_size: must be 0 to 1000, not 1001$/);
    assert.match(await failure(-1, ""), /page_size: must be 0 to 1000, not -1$/);
    for (const token of ["x", "-1", "1e3", "0x1", "9".repeat(16)])
      assert.match(await failure(2, token), /page_token: is not one of ours$/);
  });
}

test.run();
