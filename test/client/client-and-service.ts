import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MetricsClient, type MetricsClientOptions, type Problem } from "../../src/client/index.ts";
import { startTestService, type TestService, WRITER_KEY } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { TestClock } from "../support/time.ts";

const opened: (() => unknown)[] = [];

/** Everything a test opened, latest first; an open port would keep the whole run from ending. */
export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

export interface RestartableService {
  readonly url: string;
  readonly port: number;
  readonly databasePath: string;
  stop(): Promise<void>;
  /** The same port, the same database. */
  start(): Promise<void>;
  /** Rows of the view `metrics`, oldest first. */
  rows(): readonly Readonly<Record<string, unknown>>[];
  /** What a SQLite shell would say. */
  query(sql: string): readonly Readonly<Record<string, unknown>>[];
}

/** A service that can be stopped and started while its clients go on. */
export async function startService(env: Readonly<Record<string, string>> = {}): Promise<RestartableService> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-client-"));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  const databasePath = join(folder, "metrics.db");
  const variables = { SQLITE_DB_PATH: databasePath, ...env };
  let running: TestService | undefined = await startTestService(variables);
  const { port } = running.service;
  async function stop(): Promise<void> {
    await running?.close();
    running = undefined;
  }
  opened.push(stop);
  const query = (sql: string) => readRows(databasePath, sql);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    databasePath,
    stop,
    async start() {
      running = await startTestService({ ...variables, METRICS_SERVICE_PORT: `${port}` });
    },
    query,
    rows: () => query("SELECT * FROM metrics ORDER BY id"),
  };
}

/** A client of the service `test`, and the problems it told of. */
export function openClient(options: Partial<MetricsClientOptions>) {
  const problems: Problem[] = [];
  const client = new MetricsClient({
    service: "test",
    apiKey: WRITER_KEY,
    onProblem: (problem) => void problems.push(problem),
    ...options,
  });
  opened.push(async () => {
    const closed = client.close({ timeoutMs: 1 });
    if (options.clock instanceof TestClock) options.clock.advance(1);
    await closed;
  });
  return { client, problems };
}

/** Passes bytes on to a port, and answers back unless told to swallow them. */
export async function openProxy(port: number) {
  const sockets = new Set<Socket>();
  let swallows = false;
  const server: Server = createServer((downstream) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [downstream, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        downstream.destroy();
        upstream.destroy();
      });
    }
    downstream.on("data", (bytes) => void upstream.write(bytes));
    upstream.on("data", (bytes) => void (swallows || downstream.write(bytes)));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  opened.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy listens on no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** From now on no answer comes back. */
    swallow(): void {
      swallows = true;
    },
    /** Cut every connection; the next ones work again. */
    heal(): void {
      swallows = false;
      for (const socket of sockets) socket.destroy();
    },
  };
}
