import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CreateKeyInput } from "../../src/api/admin/keys.ts";
import { readConfig } from "../../src/config.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { type Service, startService } from "../../src/main.ts";

/** The keys of every test service. */
export const WRITER_KEY = "writer-key-for-tests-0001";
export const ADMIN_KEY = "admin-key-for-tests-00001";
/** A key that no test service has. */
export const WRONG_KEY = "wrong-key-for-tests-00001";
/** The keys of the services `alpha` and `beta`, where `TWO_SERVICES` is in the environment. */
export const ALPHA_KEY = "alpha-key-for-the-tests-1";
export const BETA_KEY = "beta-key-for-the-tests-01";
export const TWO_SERVICES = { METRICS_API_KEY_ALPHA: ALPHA_KEY, METRICS_API_KEY_BETA: BETA_KEY };

/** A new key of a writer of the service `test` that never expires, and that no test runs into the limit of. */
export const NEW_KEY: CreateKeyInput = {
  service: "test",
  role: "writer",
  rateLimit: 1_000_000,
  allowedServices: [],
  expiresMs: undefined,
  description: "",
};

export interface TestService {
  readonly service: Service;
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly prometheusUrl: string;
  readonly databasePath: string;
  /** Every log line so far, parsed. */
  readonly logs: readonly Readonly<Record<string, unknown>>[];
  readonly fatal: readonly Error[];
  /** Stop it and remove its files. */
  close(): Promise<void>;
}

/**
 * The whole service in this process: real ports, a real database in a folder of its own. The writer key
 * belongs to the service `test`.
 */
export async function startTestService(
  env: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<TestService> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-metrics-"));
  const databasePath = join(folder, "metrics.db");
  const logs: Record<string, unknown>[] = [];
  const fatal: Error[] = [];
  const config = readConfig({
    METRICS_SERVICE_HOST: "127.0.0.1",
    METRICS_SERVICE_PORT: "0",
    OTEL_PROMETHEUS_HOST: "127.0.0.1",
    OTEL_PROMETHEUS_PORT: "0",
    METRICS_API_KEY_TEST: WRITER_KEY,
    METRICS_ADMIN_API_KEY: ADMIN_KEY,
    METRICS_RATE_LIMIT: "1000000",
    METRICS_FAILED_AUTH_LIMIT: "1000000",
    // Tests send hundreds of calls at once, on machines that have other things to do.
    MAX_WAIT_SECONDS: "60",
    SQLITE_DB_PATH: databasePath,
    ...env,
  });
  const write = (line: string) => void logs.push(JSON.parse(line));
  const logger = createLogger({ level: "debug", write, wallMs: clock.wallMs });
  const onFatal = (error: Error) => void fatal.push(error);
  const service = await startService({ config, clock, logger, version: "0.0.0-test", onFatal });
  return {
    service,
    url: `http://127.0.0.1:${service.port}`,
    prometheusUrl: `http://127.0.0.1:${service.prometheusPort}/metrics`,
    databasePath: config.database.path,
    logs,
    fatal,
    async close() {
      await service.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Create a key that reads everything and writes nothing. */
export async function createReaderKey({ service }: TestService): Promise<string> {
  const { secret } = await service.keys.create({ ...NEW_KEY, service: "people", role: "reader" });
  return secret;
}
