import { type Clock, keepProcessAlive, systemClock } from "../lib/clock.ts";
import { HOUR_MS } from "../lib/time.ts";
import {
  type ClientSettings,
  type MetricsClientOptions,
  readClientOptions,
  readListener,
} from "./client-options.ts";
import { Delivery } from "./delivery.ts";
import { flushBeforeExit, forgetAtExit } from "./exit-flush.ts";
import type {
  AuthOptions,
  CommonOptions,
  CustomOptions,
  HealthCheckOptions,
  MetricOptions,
  ProtocolLatencyOptions,
  RegistryOperationOptions,
  ToolDiscoveryOptions,
  ToolExecutionOptions,
} from "./metric-options.ts";
import * as shapes from "./metric-shape.ts";
import { type Counts, Outcomes } from "./outcomes.ts";
import { type PendingMetric, readMetric } from "./read-metric.ts";
import { createSubmit } from "./submit.ts";
import { openTransport } from "./transport.ts";

const FLUSH_MS = 10_000;
/** How much is told of a type that cannot be one. */
const TYPE_SHOWN = 50;

interface Connection {
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
}

/**
 * Sends metrics to the service in the background. Emitting costs the caller microseconds: it copies, stamps
 * and queues. Nothing here ever throws or rejects, whatever the host passes and whatever the network does;
 * what goes wrong is counted and told to `onProblem`.
 *
 * What the buffer holds survives an outage and a restart of the service, and is stored exactly once.
 */
export class MetricsClient {
  readonly #clock: Clock;
  readonly #outcomes: Outcomes;
  /** Undefined when the options are unusable. */
  readonly #delivery: Delivery | undefined;
  #emitted = 0;
  readonly #connection: Connection;

  constructor(options: MetricsClientOptions) {
    let settings: ClientSettings | undefined;
    let problem = "";
    try {
      settings = readClientOptions(options);
    } catch (error) {
      problem = textOf(error);
    }
    this.#clock = settings?.clock ?? systemClock;
    this.#outcomes = new Outcomes(this.#clock, settings?.onProblem ?? readListener(options));
    this.#connection = { url: settings?.url, apiKey: settings?.apiKey };
    if (settings === undefined) this.#outcomes.misconfigured(problem);
    else this.#delivery = openDelivery(settings, this.#outcomes);
  }

  /** Where the service is and the key to it, as far as known. No field, for hosts log and serialize objects. */
  get connection(): Connection {
    return this.#connection;
  }

  /** What became of the metrics so far. */
  get counts(): Counts {
    const { accepted, rejected, dropped, retries } = this.#outcomes;
    const waiting = this.#delivery?.waiting ?? 0;
    return { emitted: this.#emitted, accepted, rejected, dropped, waiting, retries };
  }

  /** An authentication of a caller: `auth_request`. */
  emitAuth(options: AuthOptions): void {
    this.#emit(shapes.AUTH, options);
  }

  /** An MCP method carried out for a client: `tool_execution`. */
  emitToolExecution(options: ToolExecutionOptions): void {
    this.#emit(shapes.TOOL_EXECUTION, options);
  }

  /** A semantic search for tools: `tool_discovery`. */
  emitToolDiscovery(options: ToolDiscoveryOptions): void {
    this.#emit(shapes.TOOL_DISCOVERY, options);
  }

  /** An operation on a registry's resource: `registry_operation`. */
  emitRegistryOperation(options: RegistryOperationOptions): void {
    this.#emit(shapes.REGISTRY_OPERATION, options);
  }

  /** A health check of a server: `health_check`. */
  emitHealthCheck(options: HealthCheckOptions): void {
    this.#emit(shapes.HEALTH_CHECK, options);
  }

  /** The time between two steps of an MCP session: `protocol_latency`. */
  emitProtocolLatency(options: ProtocolLatencyOptions): void {
    this.#emit(shapes.PROTOCOL_LATENCY, options);
  }

  /** Anything else, by name: `custom`. */
  emitCustom(options: CustomOptions): void {
    this.#emit(shapes.CUSTOM, options);
  }

  /** A metric of any type of the catalogue, with its dimensions and metadata by their names on the wire. */
  emit(type: string, options: MetricOptions = {}): void {
    this.#emit(shapes.plainShape(type), options);
  }

  /**
   * Send what waits, and wait until everything emitted so far has its outcome: at most `timeoutMs`, default
   * 10 s. Resolves to whether it has. Keeps the process alive meanwhile.
   */
  async flush(options?: { readonly timeoutMs?: number }): Promise<boolean> {
    const delivery = this.#delivery;
    if (delivery === undefined) return this.#emitted === 0;
    const timeoutMs = Math.min(options?.timeoutMs ?? FLUSH_MS, HOUR_MS);
    const release = keepProcessAlive();
    let cancel = (): void => {};
    const timeout = new Promise<boolean>((resolve) => {
      cancel = this.#clock.after(timeoutMs, () => resolve(false));
    });
    try {
      return await Promise.race([delivery.flush().then(() => true), timeout]);
    } finally {
      cancel();
      release();
    }
  }

  /** Flush, then give up what is left. What is emitted later is dropped. Safe to call again. */
  async close(options?: { readonly timeoutMs?: number }): Promise<void> {
    await this.flush(options);
    forgetAtExit(this);
    this.#delivery?.close();
  }

  #emit<Options extends CommonOptions>(shape: shapes.MetricShape<Options>, options: Options): void {
    this.#emitted += 1;
    if (this.#delivery === undefined) {
      this.#outcomes.drop(1, "misconfigured");
      return;
    }
    let metric: PendingMetric;
    try {
      metric = readMetric(shape, options, this.#clock.wallMs());
    } catch (error) {
      this.#outcomes.reject(1, "unreadable", `${textOf(shape.type).slice(0, TYPE_SHOWN)}: ${textOf(error)}`);
      return;
    }
    this.#delivery.add(metric);
    flushBeforeExit(this);
  }
}

function openDelivery(settings: ClientSettings, outcomes: Outcomes): Delivery {
  const { url = "", transport, clock, apiKey, timeoutMs, service, version, instanceId } = settings;
  const opened = typeof transport === "string" ? openTransport(url, transport) : transport;
  const submit = createSubmit({ transport: opened, apiKey, timeoutMs, clock });
  return new Delivery({ ...settings, source: { service, version, instanceId }, submit, outcomes });
}

/** The message of whatever was thrown, or any value as text; it may be as hostile as what threw it. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}
