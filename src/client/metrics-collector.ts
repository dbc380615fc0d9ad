import { type Clock, systemClock } from "../lib/clock.ts";
import { MINUTE_MS } from "../lib/time.ts";
import { emitHttpRequest } from "./http/request-observer.ts";
import type { MetricsClient } from "./metrics-client.ts";
import { type GaugeDimensions, ReportedGauges } from "./reported-gauges.ts";

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
/** Longest wait of `getMetrics` for its answer, in milliseconds. */
const SCRAPE_MS = 10_000;

/** How many of something each server has, by server id. */
export type ServerCounts = Readonly<Record<string, number>>;
type Capability = "tools" | "prompts" | "resources";

/** How often a collector reports by itself. */
export interface MetricsCollectorOptions {
  /**
   * Time between two reports of the gauges, in milliseconds; default a minute. Longer than the service's
   * METRICS_INSTANCE_EXPIRY_SECONDS (300 by default), they would vanish in between.
   */
  readonly reportIntervalMs?: number | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/**
 * Reports what a composer is, what state its servers are in and what it does for its clients: the method
 * names are those of the composer whose metrics these are. Durations are in seconds, sizes in bytes, and a
 * counter counts one a call. Like the client, it never throws; only `getMetrics` can reject.
 *
 * The gauges (servers, capabilities, uptime) are reported again each minute, because the service stops
 * showing those of an instance that has fallen silent.
 */
export class MetricsCollector {
  readonly client: MetricsClient;
  readonly #clock: Clock;
  #startedMs: number;
  readonly #gauges: ReportedGauges;
  /** Servers that have some of it, so that one that is gone can be reported as 0. */
  readonly #servers: Readonly<Record<Capability, Set<string>>> = {
    tools: new Set(),
    prompts: new Set(),
    resources: new Set(),
  };

  constructor(client: MetricsClient, options: MetricsCollectorOptions = {}) {
    this.client = client;
    // What two processes say under no name would be one process's, and end with either of them.
    client.nameInstance();
    this.#clock = options.clock ?? systemClock;
    this.#startedMs = this.#clock.monotonicMs();
    this.#gauges = new ReportedGauges({
      client,
      clock: this.#clock,
      intervalMs: options.reportIntervalMs ?? MINUTE_MS,
      beforeReport: () => this.updateUptime(),
    });
  }

  /** What the composer is (`mcp_composer_info`); its uptime counts from here. */
  initialize(version: string, platform: string): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#gauges.set("info", "composer_info", 1, { version, platform });
    this.updateUptime();
  }

  /** The time since `initialize`, in seconds. Done by itself with every report. */
  updateUptime(): void {
    const seconds = (this.#clock.monotonicMs() - this.#startedMs) / 1000;
    this.#gauges.set("uptime", "composer_uptime", seconds);
  }

  /** How many servers are configured, and how many of them are in each state. */
  updateServerCounts(total: number, running: number, stopped: number, failed = 0): void {
    for (const [state, value] of Object.entries({ total, running, stopped, failed })) {
      this.#gauges.set(`servers ${state}`, "server_count", value, { state });
    }
  }

  /** How many tools, prompts and resources all servers have together. */
  updateCapabilityCounts(tools: number, prompts: number, resources: number): void {
    for (const [kind, value] of Object.entries({ tools, prompts, resources })) {
      this.#gauges.set(`capabilities ${kind}`, "capability_count", value, { kind });
    }
  }

  /** The tools of every server that has some; a server that was here before and no longer is has 0. */
  updatePerServerTools(tools: ServerCounts): void {
    this.#updatePerServer("tools", tools);
  }

  /** As `updatePerServerTools`, for prompts. */
  updatePerServerPrompts(prompts: ServerCounts): void {
    this.#updatePerServer("prompts", prompts);
  }

  /** As `updatePerServerTools`, for resources. */
  updatePerServerResources(resources: ServerCounts): void {
    this.#updatePerServer("resources", resources);
  }

  /** How many tool names are claimed by several servers. */
  updateToolConflicts(conflicts: number): void {
    this.#gauges.set("conflicts", "tool_conflicts", conflicts);
  }

  /** What the composer's process uses, or that of one of its servers: megabytes, and percent of CPU. */
  updateProcessUsage(memoryMb: number, cpuPercent: number, serverId?: string): void {
    if (this.#gauges.isClosed) return;
    for (const [kind, value] of Object.entries({ memory_mb: memoryMb, cpu_percent: cpuPercent })) {
      const dimensions = { kind, server_id: serverId };
      this.client.emit("process_usage", { value: value ?? Number.NaN, dimensions });
    }
  }

  /** An attempt to start a server. */
  recordServerStart(serverId: string, success = true): void {
    this.#count("server_start", { server_id: serverId, status: success ? "success" : "failed" });
  }

  /** An attempt to stop a server. */
  recordServerStop(serverId: string, success = true): void {
    this.#count("server_stop", { server_id: serverId, status: success ? "success" : "failed" });
  }

  /** A restart, and what has caused it. */
  recordServerRestart(serverId: string, reason: "manual" | "crash" | "config_change" = "manual"): void {
    this.#count("server_restart", { server_id: serverId, reason });
  }

  /** A server has ended without being asked to. */
  recordServerCrash(serverId: string): void {
    this.#count("server_crash", { server_id: serverId });
  }

  /** A call of a tool. `errorType`, which counts for failures only, is a label: one of few. */
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

  /** A reading of a resource; its URI is a label. */
  recordResourceRead(resourceUri: string, duration: number, success = true): void {
    this.client.emit("resource_read", {
      durationMs: inMs(duration),
      dimensions: { resource_uri: resourceUri, status: success ? "success" : "error" },
    });
  }

  /** A request to the composer's HTTP interface; `endpoint` is a route's template, not a path with ids. */
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

  /** An attempt to authenticate; `reason` says why it failed. */
  recordAuthAttempt(method: string, success: boolean, reason?: string): void {
    const status = success ? "success" : "failed";
    this.#count("auth_attempt", { method, status, reason: success ? undefined : (reason ?? "unknown") });
  }

  /** A decision whether a caller may use something; `reason` says why it may not. */
  recordAuthzCheck(resourceType: string, allowed: boolean, reason?: string): void {
    const status = allowed ? "allowed" : "denied";
    const why = allowed ? undefined : (reason ?? "unknown");
    this.#count("authz_check", { resource_type: resourceType, status, reason: why });
  }

  /** A request was rejected by a rate limit. Of the user's id the service keeps and shows a keyed hash. */
  recordRateLimitExceeded(endpoint: string, userId?: string): void {
    this.#count("rate_limit_exceeded", { endpoint, user_id: userId });
  }

  /** An attempt to load the configuration anew. */
  recordConfigReload(success = true): void {
    this.#count("config_reload", { status: success ? "success" : "failed" });
  }

  /** A mistake in the configuration. */
  recordConfigValidationError(errorType: string): void {
    this.#count("config_validation_error", { error_type: errorType });
  }

  /**
   * The metrics of this process in the text format of Prometheus, with everything that was recorded before.
   * Asks the service, so that the client needs its `url`.
   *
   * @throws an Error that says why there is no text.
   */
  async getMetrics(): Promise<string> {
    const { url, apiKey } = this.client.connection;
    if (url === undefined) throw new Error("getMetrics needs a client with a url");
    this.updateUptime();
    await this.client.flush();
    const instance = encodeURIComponent(this.client.nameInstance());
    const answer = await fetch(`${url}/api/v1/metrics/prometheus?instance_id=${instance}`, {
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

  /**
   * The composer ends: say so to the service, which then shows its gauges no more, and wait until that has
   * arrived, at most as long as a flush of the client. Gauges are not reported any more; what is recorded
   * later still is, as the client stays open. Never rejects; safe to call again.
   */
  async close(): Promise<void> {
    this.#gauges.signOff();
    await this.client.flush();
  }

  #updatePerServer(kind: Capability, counts: ServerCounts): void {
    const known = this.#servers[kind];
    let entries: readonly (readonly [string, number])[];
    try {
      entries = Object.entries(counts);
    } catch (error) {
      // Counted and reported by the client, as any metric that cannot be read.
      this.client.emit("capability_count", { value: error as number });
      return;
    }
    const gone = new Set(known);
    for (const [serverId, value] of entries) {
      gone.delete(serverId);
      known.add(serverId);
      this.#gauges.set(`${kind} of ${serverId}`, "capability_count", value, { kind, server_id: serverId });
    }
    for (const serverId of gone) {
      known.delete(serverId);
      this.#gauges.end(`${kind} of ${serverId}`, "capability_count", { kind, server_id: serverId });
    }
  }

  /** One more of something that happens. */
  #count(type: string, dimensions: GaugeDimensions): void {
    this.client.emit(type, { dimensions });
  }
}

/** What is no number is left to the client to reject: arithmetic with a symbol or a bigint throws. */
function inMs(seconds: number): number {
  return typeof seconds === "number" ? seconds * 1000 : seconds;
}
