import type { Config } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { type Service, startService } from "../main.ts";
import { describeKey } from "../store/keys.ts";
import type { Output } from "./output.ts";

/**
 * The service whose writer key the first start prints. `npm run demo` sends under its name, so that the key
 * also shows what the demo sends.
 */
export const FIRST_SERVICE = "quickstart";

/** EX_SOFTWARE of sysexits.h: the database failed under the service; a supervisor should start it again. */
const EXIT_FATAL = 70;
/** ms between a fatal failure and the end of the process: the answers that are on their way still leave. */
const FATAL_GRACE_MS = 300;
/** Within this time the copy of a signal has come. */
const COPY_MS_MAX = 1000;

/** What the command needs of its process; tests pass their own. */
export interface ServeProcess {
  readonly version: string;
  /** Calls `listener` at every such signal. */
  readonly onSignal: (signal: "SIGTERM" | "SIGINT", listener: () => void) => void;
  readonly exit: (code: number) => void;
  /** The same without closing anything: what a closing database would write could destroy what is there now. */
  readonly exitAtOnce: (code: number) => void;
  /**
   * Whether npm runs this as its script. What ends npm's whole group, such as Ctrl-C, comes twice then: from the
   * terminal, and passed on by npm. The copy must not be taken for a second wish, which ends the process at once.
   */
  readonly isScriptOfNpm: boolean;
}

/**
 * Run the service. Resolves once it listens; it ends by `host.exit`:
 *
 * - 0 after a signal, when every request was answered and every part closed
 * - 1 after a signal, when requests were cut off or a part failed to close; and at a second signal, at once
 * - 70 when the database failed, so that what is on disk is no longer known
 *
 * @throws what `startService` throws: the service never listened.
 */
export async function runServe(
  config: Config,
  logger: Logger,
  output: Output,
  host: ServeProcess,
): Promise<void> {
  for (const warning of config.warnings) logger.warn(warning);
  let ended = false;
  let endedAtMs = 0;
  let isFatal = false;
  const waiting = new AbortController();
  const closed = ({ aborted, failed }: Awaited<ReturnType<Service["close"]>>) => {
    if (aborted > 0) logger.warn("requests were cut off unanswered", { requests: aborted });
    logger.info("stopped");
    if (isFatal) host.exitAtOnce(EXIT_FATAL);
    else host.exit(aborted > 0 || failed.length > 0 ? 1 : 0);
  };
  const stop = (signal: "SIGTERM" | "SIGINT") => {
    if (ended && host.isScriptOfNpm && systemClock.monotonicMs() - endedAtMs < COPY_MS_MAX) return;
    if (ended) {
      logger.warn("ended at once by a second signal", { signal });
      return host.exit(1);
    }
    ended = true;
    endedAtMs = systemClock.monotonicMs();
    logger.info("shutting down", { signal });
    waiting.abort();
    // A start that fails rejects below, where the caller prints why; here it must not be an unhandled
    // rejection.
    starting.then((service) => service.close()).then(closed, () => {});
  };
  // Before the start is over: a supervisor may stop the process as soon as it exists.
  host.onSignal("SIGTERM", () => stop("SIGTERM"));
  host.onSignal("SIGINT", () => stop("SIGINT"));

  const starting = startService({
    config,
    clock: systemClock,
    logger,
    version: host.version,
    startSignal: waiting.signal,
    onFatal(error) {
      isFatal = true;
      logger.error("the database failed; ending, so that a restart can recover it", { error });
      // A shutdown that is under way already has its own end.
      if (ended) return;
      ended = true;
      setImmediateExit(host, EXIT_FATAL);
    },
  });
  const service = await starting.catch((error: unknown) => {
    if (error !== waiting.signal.reason) throw error;
    // It was stopped while it waited for its database.
    closed({ aborted: 0, failed: [] });
    return undefined;
  });
  if (ended || service === undefined) return;
  const { port, prometheusPort } = service;
  logger.info("listening", { port, prometheus_port: prometheusPort, database: config.database.path });
  output.remark(await welcome(service, config, host.isScriptOfNpm));
}

/** End without closing: the parts would wait for a database that answers no more. */
function setImmediateExit(host: ServeProcess, code: number): void {
  systemClock.after(FATAL_GRACE_MS, () => host.exitAtOnce(code));
}

/**
 * What to do next, for people. While there is no API key at all, one is made and printed here, once, together
 * with a command that uses it; a log would keep it, so it goes to the terminal only.
 */
async function welcome(service: Service, config: Config, isScriptOfNpm: boolean): Promise<string> {
  const scheme = config.tls === undefined ? "http" : "https";
  const base = `${scheme}://localhost:${service.port}`;
  const lines = [
    "",
    `mcp-metrics takes metrics at ${base}`,
    `The dashboard is at ${base}/dashboard`,
    ...(service.prometheusPort === undefined
      ? []
      : [`Prometheus scrapes http://localhost:${service.prometheusPort}/metrics`]),
    `Stored in ${config.database.path}`,
    "",
  ];
  if (!service.hasNoKeys)
    return [...lines, "Make an API key: mcp-metrics keys create my-service", ""].join("\n");
  const { record, secret } = await service.keys.create({
    service: FIRST_SERVICE,
    role: "writer",
    rateLimit: undefined,
    allowedServices: ["*"],
    expiresMs: undefined,
    description: "made at the first start",
  });
  const metric = {
    type: "auth_request",
    value: 1,
    duration_ms: 45.2,
    dimensions: { method: "jwt", success: true },
  };
  return [
    ...lines,
    `Your ${describeKey(record)}, shown only now. It sends metrics, and shows those of the service`,
    `${FIRST_SERVICE} on the dashboard:`,
    "",
    `  ${secret}`,
    "",
    "Send a first metric:",
    "",
    `curl -X POST ${base}/metrics \\`,
    `  -H 'X-API-Key: ${secret}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${JSON.stringify({ service: FIRST_SERVICE, version: "1.0.0", metrics: [metric] })}'`,
    "",
    ...(isScriptOfNpm ? ["Or have realistic traffic, in another terminal: npm run demo", ""] : []),
    `Then see it at ${base}/dashboard, with the key above.`,
    "",
  ].join("\n");
}
