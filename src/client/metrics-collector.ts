import { type Clock, systemClock } from "../lib/clock.ts";
import { MINUTE_MS } from "../lib/time.ts";
import { emitHttpRequest } from "./http/request-observer.ts";
import type { MetricOptions } from "./metric-options.ts";
import type { MetricsClient } from "./metrics-client.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const SCRAPE_MS = 10_000;

/** Numbers by server id. */
export type ServerCounts = Readonly<Record<string, number>>;
type Capability = "tools" | "prompts" | "resources";

export interface MetricsCollectorOptions {
  /** Time between two reports of what stays as it is, in milliseconds; default a minute. */
  readonly reportIntervalMs?: number | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/**
 * Reports what a composer is, how its servers fare and what it does for its clients. Durations are in
 * seconds, sizes in bytes. Like the client, it never throws; only `getMetrics` can reject.
 *
 * Numbers that stay as they are (servers, capabilities, uptime) are reported again each minute, because the
 * service stops showing those of an instance that has fallen silent.
 */
export class MetricsCollector {
  readonly client: MetricsClient;
  readonly #clock: Clock;
  #startedMs: number;
  /** What stays as it is, by what it says. */
  readonly #gauges = new Map<string, { readonly type: string; readonly options: MetricOptions }>();
  readonly #servers: Readonly<Record<Capability, Set<string>>> = {
    tools: new Set(),
    prompts: new Set(),
    resources: new Set(),
  };
  readonly #reportIntervalMs: number;
  #cancelReport: (() => void) | undefined;
  #isClosed = false;

  constructor(client: MetricsClient, options: MetricsCollectorOptions = {}) {
    this.client = client;
    this.#clock = options.clock ?? systemClock;
    this.#startedMs = this.#clock.monotonicMs();
    this.#reportIntervalMs = options.reportIntervalMs ?? MINUTE_MS;
  }

  /** What the composer is; its uptime counts from here. */
  initialize(version: string, platform: string): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#hold("info", "composer_info", { value: 1, dimensions: { version, platform } });
    this.updateUptime();
  }

  updateUptime(): void {
    const seconds = (this.#clock.monotonicMs() - this.#startedMs) / 1000;
    this.#hold("uptime", "composer_uptime", { value: seconds });
  }

  updateServerCounts(total: number, running: number, stopped: number, failed: number): void {
    for (const [state, value] of Object.entries({ total, running, stopped, failed })) {
      this.#hold(`servers ${state}`, "server_count", { value, dimensions: { state } });
    }
  }

  updateCapabilityCounts(tools: number, prompts: number, resources: number): void {
    for (const [kind, value] of Object.entries({ tools, prompts, resources })) {
      this.#hold(`capabilities ${kind}`, "capability_count", { value, dimensions: { kind } });
    }
  }

  /** All servers that have tools; one that was here before and no longer is counts as gone. */
  updatePerServerTools(tools: ServerCounts): void {
    this.#updatePerServer("tools", tools);
  }

  updatePerServerPrompts(prompts: ServerCounts): void {
    this.#updatePerServer("prompts", prompts);
  }

  updatePerServerResources(resources: ServerCounts): void {
    this.#updatePerServer("resources", resources);
  }

  /** How many tools have a name that another tool has too. */
  updateToolConflicts(conflicts: number): void {
    this.#hold("conflicts", "tool_conflicts", { value: conflicts });
  }

  /** What the composer's process uses, or that of one of its servers. */
  updateProcessUsage(memoryMb: number, cpuPercent: number, serverId?: string): void {
    for (const [kind, value] of Object.entries({ memory_mb: memoryMb, cpu_percent: cpuPercent })) {
      this.client.emit("process_usage", { value, dimensions: { kind, server_id: serverId } });
    }
  }

  recordServerStart(serverId: string, success = true): void {
    this.#count("server_start", { server_id: serverId, status: success ? "success" : "failed" });
  }

  recordServerStop(serverId: string, success = true): void {
    this.#count("server_stop", { server_id: serverId, status: success ? "success" : "failed" });
  }

  recordServerRestart(serverId: string, reason: "manual" | "crash" | "config_change" = "manual"): void {
    this.#count("server_restart", { server_id: serverId, reason });
  }

  recordServerCrash(serverId: string): void {
    this.#count("server_crash", { server_id: serverId });
  }

  recordToolInvocation(toolId: string, duration: number, success = true, errorType?: string): void {
    this.client.emit("tool_invocation", {
      durationMs: inMs(duration),
      dimensions: {
        tool_id: toolId,
        status: success ? "success" : "error",
        error_type: success ? undefined : (errorType ?? "unknown"),
      },
    });
  }

  recordResourceRead(resourceUri: string, duration: number, success = true): void {
    this.client.emit("resource_read", {
      durationMs: inMs(duration),
      dimensions: { resource_uri: resourceUri, status: success ? "success" : "error" },
    });
  }

  recordHttpRequest(
    method: string,
    endpoint: string,
    statusCode: number,
    duration: number,
    requestSize?: number,
    responseSize?: number,
  ): void {
    emitHttpRequest(this.client, {
      method,
      endpoint,
      statusCode,
      durationMs: inMs(duration),
      requestSizeBytes: requestSize,
      responseSizeBytes: responseSize,
    });
  }

  recordAuthAttempt(method: string, success: boolean, reason?: string): void {
    const status = success ? "success" : "failed";
    this.#count("auth_attempt", { method, status, reason: success ? undefined : (reason ?? "unknown") });
  }

  recordAuthzCheck(resourceType: string, allowed: boolean, reason?: string): void {
    const status = allowed ? "allowed" : "denied";
    const why = allowed ? undefined : (reason ?? "unknown");
    this.#count("authz_check", { resource_type: resourceType, status, reason: why });
  }

  /** The service keeps and shows a hash of the user's id. */
  recordRateLimitExceeded(endpoint: string, userId?: string): void {
    this.#count("rate_limit_exceeded", { endpoint, user_id: userId });
  }

  recordConfigReload(success = true): void {
    this.#count("config_reload", { status: success ? "success" : "failed" });
  }

  recordConfigValidationError(errorType: string): void {
    this.#count("config_validation_error", { error_type: errorType });
  }

  /**
   * The metrics in the text format of Prometheus, with everything that was recorded before. Asks the service,
   * so that the client needs its `url`.
   *
   * @throws an Error that says why there is no text.
   */
  async getMetrics(): Promise<string> {
    const { url, apiKey } = this.client.connection;
    if (url === undefined) throw new Error("getMetrics needs a client with a url");
    this.updateUptime();
    await this.client.flush();
    const answer = await fetch(`${url}/api/v1/metrics/prometheus`, {
      headers: apiKey === undefined ? {} : { "x-api-key": apiKey },
      signal: AbortSignal.timeout(SCRAPE_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the service answered ${answer.status}: ${text.slice(0, 500)}`);
    return text;
  }

  /** The media type of what `getMetrics` resolves to. */
  getContentType(): string {
    return CONTENT_TYPE;
  }

  /** Report nothing by itself any more. The client stays open. */
  close(): void {
    this.#isClosed = true;
    this.#cancelReport?.();
  }

  #updatePerServer(kind: Capability, counts: ServerCounts): void {
    const known = this.#servers[kind];
    let entries: readonly (readonly [string, number])[];
    try {
      entries = Object.entries(counts);
    } catch (error) {
      // Counted and told by the client, as any metric that cannot be read.
      this.client.emit("capability_count", { value: error as number });
      return;
    }
    const gone = new Set(known);
    for (const [serverId, value] of entries) {
      gone.delete(serverId);
      known.add(serverId);
      const dimensions = { kind, server_id: serverId };
      this.#hold(`${kind} of ${serverId}`, "capability_count", { value, dimensions });
    }
    for (const serverId of gone) {
      known.delete(serverId);
      this.#gauges.delete(`${kind} of ${serverId}`);
      this.client.emit("capability_count", { value: 0, dimensions: { kind, server_id: serverId } });
    }
  }

  #count(type: string, dimensions: NonNullable<MetricOptions["dimensions"]>): void {
    this.client.emit(type, { dimensions });
  }

  #hold(name: string, type: string, options: MetricOptions): void {
    this.client.emit(type, options);
    if (this.#isClosed) return;
    this.#gauges.set(name, { type, options });
    this.#cancelReport ??= this.#clock.after(this.#reportIntervalMs, () => this.#report());
  }

  #report(): void {
    this.#cancelReport = undefined;
    this.updateUptime();
    for (const [name, { type, options }] of this.#gauges) {
      if (name !== "uptime") this.client.emit(type, options);
    }
  }
}

/** What is no number is left to the client to refuse: arithmetic with a symbol throws. */
function inMs(seconds: number): number {
  return typeof seconds === "number" ? seconds * 1000 : seconds;
}
