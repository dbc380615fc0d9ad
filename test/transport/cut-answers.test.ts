/** An answer that fails in its middle is whole for nobody, whatever it came over; the next request is answered. */
import { type ClientHttp2Session, connect } from "node:http2";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOUR_MS } from "../../src/lib/time.ts";
import { openUnmigrated, temporaryPath } from "../sqlite/databases.ts";
import { fillDatabase } from "../support/fill-database.ts";
import { connectRaw } from "../support/open-test-listener.ts";
import { ALPHA_KEY } from "../support/service.ts";
import { failureOf } from "../support/wait.ts";
import { BASE_MS, setup } from "./rpc/queried-service.ts";

const ROWS = 3_600;
/** Metrics that cannot be read: some pages of 250 have been sent before the first. The other one is the last. */
const UNREADABLE = [1_200, ROWS - 1] as const;

const databasePath = temporaryPath();
fillDatabase(databasePath, { rows: ROWS, startMs: BASE_MS, spanMs: HOUR_MS });
const database = openUnmigrated(databasePath);
for (const value of UNREADABLE) database.run("UPDATE measurements SET payload = '[' WHERE value = ?", value);
database.close();
const service = await setup({ SQLITE_DB_PATH: databasePath });
const { port } = service.service;
const session = connect(service.url);

test.after(async () => {
  session.destroy();
  await service.close();
});

/** One metric a second: the ranges that are asked for, by the values of the metrics in them. */
const rangeOf = (first: number, end: number) => [BASE_MS + first * 1000, BASE_MS + end * 1000] as const;
const pathOf = (first: number, end: number) => `/api/export.csv?start=${rangeOf(first, end).join("&end=")}`;
const KEY = { "x-api-key": ALPHA_KEY };

/** What comes of an export, as somebody sees it who reads it to its end. */
interface Received {
  readonly status: number;
  readonly text: string;
  /** Whether the protocol says that this is all. */
  readonly isWhole: boolean;
}

type ReadExport = (path: string) => Promise<Received>;

const readWithFetch: ReadExport = async (path) => {
  const answer = await fetch(service.url + path, { headers: KEY });
  let text = "";
  try {
    for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString();
    return { status: answer.status, text, isWhole: true };
  } catch {
    return { status: answer.status, text, isWhole: false };
  }
};

/** The bytes on a connection that is used for this alone. */
const readRaw: ReadExport = async (path) => {
  const head = `GET ${path} HTTP/1.1\r\nHost: h\r\nX-API-Key: ${ALPHA_KEY}\r\nConnection: close\r\n\r\n`;
  const raw = connectRaw(port, head);
  await raw.closed;
  const text = raw.text();
  const isWhole = /^content-length:/im.test(text) || text.endsWith("\r\n0\r\n\r\n");
  return { status: Number(text.split(" ")[1]), text, isWhole };
};

const readOver = (http2: ClientHttp2Session): ReadExport => {
  return (path) =>
    new Promise((resolve) => {
      const stream = http2.request({ ":path": path, ...KEY });
      let [text, status, hasEnded] = ["", 0, false];
      stream.setEncoding("utf8");
      stream.on("response", (headers) => {
        status = Number(headers[":status"]);
      });
      stream.on("data", (chunk) => {
        text += chunk;
      });
      stream.on("end", () => {
        hasEnded = true;
      });
      stream.on("error", () => undefined);
      stream.on("close", () => resolve({ status, text, isWhole: hasEnded && stream.rstCode === 0 }));
      stream.end();
    });
};

const READERS: readonly (readonly [name: string, read: ReadExport])[] = [
  ["fetch", readWithFetch],
  ["a connection of HTTP/1.1", readRaw],
  ["a session of HTTP/2", readOver(session)],
];

for (const [name, read] of READERS) {
  test(`a CSV that fails in its middle is not whole over ${name}, and the next one is`, async () => {
    for (let round = 1; round <= 2; round += 1) {
      const cut = await read(pathOf(0, UNREADABLE[0] + 1));
      assert.equal([cut.status, cut.isWhole], [200, false]);
      assert.match(cut.text, /\r\n\d+,req_/, "its beginning came");
      assert.not.match(cut.text, /internal|Unexpected/i, "nothing of the failure is taken for a metric");
      const next = await read(pathOf(0, UNREADABLE[0]));
      assert.equal([next.status, next.isWhole], [200, true]);
      assert.is(next.text.match(/\r\n\d+,req_/g)?.length, UNREADABLE[0]);
    }
  });

  test(`one that fails before its first metric is an error over ${name}`, async () => {
    const failed = await read(pathOf(ROWS - 1, ROWS));
    assert.equal([failed.status, failed.isWhole], [500, true]);
    assert.match(failed.text, /"error":"internal"/);
  });
}

for (const door of service.doors) {
  test(`an RPC that fails in its middle ends with its failure over ${door.name}`, async () => {
    const read = async (first: number, end: number) => {
      const [start, to] = rangeOf(first, end).map(timestampFromMs);
      let count = 0;
      const range = { start: start as NonNullable<typeof start>, end: to as NonNullable<typeof to> };
      const reading = (async () => {
        for await (const { events } of service.client(door).exportEvents({ range }, { headers: KEY }))
          count += events.length;
      })();
      return { reading, count: () => count };
    };
    const cut = await read(0, UNREADABLE[0] + 1);
    const failure = await failureOf(cut.reading);
    assert.instance(failure, ConnectError);
    assert.is((failure as ConnectError).code, Code.Internal);
    assert.ok(cut.count() > 0 && cut.count() <= UNREADABLE[0], `${cut.count()} metrics`);
    const next = await read(0, UNREADABLE[0]);
    await next.reading;
    assert.is(next.count(), UNREADABLE[0]);
  });
}

test("the log tells of each, by its path", () => {
  const failed = service.logs.filter(({ level }) => level === "ERROR");
  const paths = failed.map(({ message, endpoint }) => `${message} ${endpoint}`);
  const csv = "a request failed unexpectedly /api/export.csv";
  const rpc = "a request failed unexpectedly /mcp.metrics.v1.QueryService/ExportEvents";
  assert.equal(paths.toSorted(), [...Array(9).fill(csv), ...Array(7).fill(rpc)]);
});

test.run();
