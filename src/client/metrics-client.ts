import { type Clock, keepProcessAlive, systemClock } from "../lib/clock.ts";
import { HOUR_MS } from "../lib/time.ts";
import type { ClientIdentity } from "./batch.ts";
import {
  type ClientSettings,
  type MetricsClientOptions,
  readClientOptions,
  readListener,
} from "./client-options.ts";
import { Delivery } from "./delivery.ts";
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
import {
  AUTH_SHAPE,
  CUSTOM_SHAPE,
  HEALTH_CHECK_SHAPE,
  type MetricShape,
  PROTOCOL_LATENCY_SHAPE,
  plainShape,
  REGISTRY_OPERATION_SHAPE,
  TOOL_DISCOVERY_SHAPE,
  TOOL_EXECUTION_SHAPE,
} from "./metric-shape.ts";
import { type Counts, Outcomes } from "./outcomes.ts";
import { type PendingMetric, readMetric } from "./read-emitted-metric.ts";
import { createSubmitCall, openTransport } from "./transport.ts";
import { randomKey } from "./web-crypto.ts";

/** Default limit of a flush. */
const FLUSH_MS = 10_000;
/** How many characters a problem quotes of a type that is no metric type. */
const TYPE_SHOWN = 50;

/** As in MetricsClientOptions. */
interface Connection {
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
}

/** What a process without an instance id is called where it needs one. */
const INSTANCE_PREFIX = "process-";

/**
 * Sends metrics to the service in the background. Emitting costs the caller microseconds: it copies, stamps
 * and queues. Nothing here ever throws or rejects, whatever the host passes and whatever the network does;
 * what goes wrong is counted and reported to `onProblem`.
 *
 * What the buffer holds survives an outage and a restart of the service, though not the end of this process,
 * and is stored exactly once. A client is for the life of a process: make one and share it.
 */
export class MetricsClient {
  readonly #clock: Clock;
  readonly #outcomes: Outcomes;
  /** Undefined when the options are unusable: then every metric is dropped, and a problem says why. */
  readonly #delivery: Delivery | undefined;
  #emitted = 0;
  readonly #connection: Connection;
  readonly #identity = { service: "", version: "", instanceId: "" };

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
    else {
      const { service, version, instanceId } = settings;
      Object.assign(this.#identity, { service, version, instanceId });
      this.#delivery = openDelivery(settings, this.#identity, this.#outcomes);
    }
  }

  /**
   * Where the service is and the key to it, as far as the options say. A getter and no field, because hosts
   * log and serialize objects, and the key would be in their logs.
   */
  get connection(): Connection {
    return this.#connection;
  }

  /**
   * Which instance of its service this is. One that the options do not name gets a random name, under which
   * everything is sent from now on.
   */
  nameInstance(): string {
    this.#identity.instanceId ||= `${INSTANCE_PREFIX}${randomKey().slice(0, 13)}`;
    return this.#identity.instanceId;
  }

  /** What became of the metrics so far: a copy, which does not change later. */
  get counts(): Counts {
    const { accepted, rejected, dropped, retries } = this.#outcomes;
    const waiting = this.#delivery?.waiting ?? 0;
    return { emitted: this.#emitted, accepted, rejected, dropped, waiting, retries };
  }

  /** An authentication of a caller: `auth_request`. */
  emitAuth(options: AuthOptions): void {
    this.#emit(AUTH_SHAPE, options);
  }

  /** An MCP method carried out for a client: `tool_execution`. */
  emitToolExecution(options: ToolExecutionOptions): void {
    this.#emit(TOOL_EXECUTION_SHAPE, options);
  }

  /** A semantic search for tools: `tool_discovery`. */
  emitToolDiscovery(options: ToolDiscoveryOptions): void {
    this.#emit(TOOL_DISCOVERY_SHAPE, options);
  }

  /** An operation on a registry's resource: `registry_operation`. */
  emitRegistryOperation(options: RegistryOperationOptions): void {
    this.#emit(REGISTRY_OPERATION_SHAPE, options);
  }

  /** A health check of a server: `health_check`. */
  emitHealthCheck(options: HealthCheckOptions): void {
    this.#emit(HEALTH_CHECK_SHAPE, options);
  }

  /** The time between two steps of an MCP session: `protocol_latency`. */
  emitProtocolLatency(options: ProtocolLatencyOptions): void {
    this.#emit(PROTOCOL_LATENCY_SHAPE, options);
  }

  /** Anything else, by name: `custom`. */
  emitCustom(options: CustomOptions): void {
    this.#emit(CUSTOM_SHAPE, options);
  }

  /**
   * A metric of any type of the catalogue, with its dimensions and metadata by their names on the wire. An
   * unknown type is rejected by the service, not here.
   */
  emit(type: string, options: MetricOptions = {}): void {
    this.#emit(plainShape(type), options);
  }

  /**
   * Send what waits, and wait until everything emitted so far has its outcome: at most `timeoutMs`, default
   * 10 000, at most an hour. Resolves to whether it has. Keeps the process alive meanwhile.
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

  /**
   * Flush within `timeoutMs`, then drop what is left. What is emitted later is dropped. Safe to call again.
   */
  async close(options?: { readonly timeoutMs?: number }): Promise<void> {
    await this.flush(options);
    unflushed.delete(this);
    this.#delivery?.close();
  }

  /** Counts it first: whatever happens next is an outcome of this metric. */
  #emit<Options extends CommonOptions>(shape: MetricShape<Options>, options: Options): void {
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

function openDelivery(settings: ClientSettings, identity: ClientIdentity, outcomes: Outcomes): Delivery {
  const { url = "", transport, clock, apiKey, timeoutMs } = settings;
  const opened = typeof transport === "string" ? openTransport(url, transport) : transport;
  const submit = createSubmitCall({ transport: opened, apiKey, timeoutMs, clock });
  return new Delivery({ ...settings, identity, submit, outcomes });
}

/** The message of whatever was thrown, or any value as text; it may be as hostile as what threw it. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}

/** As much of Node's `process` as is used; browsers have none. */
interface ExitingProcess {
  on?(event: "beforeExit", listener: () => void): unknown;
}

/** Longest delay of the end of a process, in milliseconds. */
const EXIT_MS = 5000;
/** Node emits `beforeExit` again after each flush, and a host's own listener may emit metrics each time. */
const EXIT_ROUNDS_MAX = 2;

/** Clients with metrics that a process at its end must not lose. */
const unflushed = new Set<MetricsClient>();
let isListening = false;
let exitRounds = 0;

/**
 * Flush the client when the process has nothing else to do and would end. Signals stay the host's: its own
 * SIGTERM handler closes the client. Does nothing in a browser.
 */
function flushBeforeExit(client: MetricsClient): void {
  unflushed.add(client);
  if (isListening) return;
  isListening = true;
  const { process } = globalThis as { process?: ExitingProcess };
  process?.on?.("beforeExit", () => {
    const due = [...unflushed];
    unflushed.clear();
    if (due.length === 0 || exitRounds >= EXIT_ROUNDS_MAX) return;
    exitRounds += 1;
    for (const each of due) void flushForExit(each);
  });
}

/** A flush that fails within its time is the last: the process has waited as long as it may. */
async function flushForExit(client: MetricsClient): Promise<void> {
  if (!(await client.flush({ timeoutMs: EXIT_MS }))) exitRounds = EXIT_ROUNDS_MAX;
}
