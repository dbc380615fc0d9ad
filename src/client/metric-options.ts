/**
 * What a dimension or a metadata field may be; null and undefined count as absent. A number must be finite;
 * text over the service's limit (200 code points in dimensions, 1000 in metadata) is cut.
 */
export type Scalar = string | number | boolean | null | undefined;

/** What every metric may say. Anything unreadable makes the client reject the metric, never throw. */
export interface CommonOptions {
  /** When it happened, as a Date or in milliseconds since 1970; default: now. */
  readonly timestamp?: Date | number | undefined;
  /** How long it took, in milliseconds, at most 24 hours; default: no duration, which is not 0. */
  readonly durationMs?: number | undefined;
  /** Further dimensions by the name they have on the wire; at most 20 with those of the options. */
  readonly dimensions?: Readonly<Record<string, Scalar>> | undefined;
  /** Context that is stored but not grouped by; objects and lists are kept as JSON. At most 30 fields. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** A metric of any type of the catalogue. */
export interface MetricOptions extends CommonOptions {
  /** The measured value, within ±1e12; default 1, which counts one event. */
  readonly value?: number | undefined;
}

/** `auth_request`: a caller has authenticated, or failed to. */
export interface AuthOptions extends MetricOptions {
  /** Whether the caller was let in. */
  readonly success: boolean;
  /** How the caller authenticated, such as `oauth2` or `api_key`. */
  readonly method?: string | undefined;
  /** The MCP server that the caller wanted. */
  readonly server?: string | undefined;
  /** A hash of the user's name, which itself does not belong into metrics. Stored, and no label. */
  readonly userHash?: string | undefined;
  /** Why it failed, such as `invalid_token`. Metadata. */
  readonly errorCode?: string | undefined;
}

/** `tool_execution`: a gateway or server has carried out an MCP method for a client. */
export interface ToolExecutionOptions extends MetricOptions {
  /** Whether the method succeeded, as the client sees it. */
  readonly success: boolean;
  /** The tool that was called; a label, so it should be one of few. */
  readonly toolName?: string | undefined;
  /** The MCP server that has the tool. */
  readonly serverName?: string | undefined;
  /** Its path at the gateway. Stored, and no label. */
  readonly serverPath?: string | undefined;
  /** The MCP method, such as `tools/call`. */
  readonly method?: string | undefined;
  /** What the client calls itself in `initialize` (`clientInfo.name`). */
  readonly clientName?: string | undefined;
  readonly clientVersion?: string | undefined;
  readonly userHash?: string | undefined;
  /** The code of a JSON-RPC error, such as `-32602`; `error.type` of OpenTelemetry's conventions. */
  readonly errorCode?: string | undefined;
  /** Size of the arguments, in bytes. */
  readonly inputSizeBytes?: number | undefined;
  /** Size of the result, in bytes. */
  readonly outputSizeBytes?: number | undefined;
}

/** `tool_discovery`: a semantic search for tools. Its options are stored, and mostly no labels. */
export interface ToolDiscoveryOptions extends MetricOptions {
  /** What was searched for; cut after 200 code points. */
  readonly query?: string | undefined;
  /** How many tools were found. */
  readonly resultsCount?: number | undefined;
  /** How many servers the search was limited to. */
  readonly topKServices?: number | undefined;
  /** How many tools it was limited to. */
  readonly topNTools?: number | undefined;
  /** Time spent on embedding the query, in milliseconds. */
  readonly embeddingTimeMs?: number | undefined;
  /** Time spent on searching the vector index, in milliseconds. */
  readonly vectorSearchTimeMs?: number | undefined;
}

/** `registry_operation`: something was done with a resource of a registry. */
export interface RegistryOperationOptions extends MetricOptions {
  /** Such as `create` or `list`. */
  readonly operation: string;
  /** What it was done with, such as `server` or `agent`. */
  readonly resourceType?: string | undefined;
  /** Which of them. Metadata, because there are many. */
  readonly resourceId?: string | undefined;
  readonly success: boolean;
  readonly userHash?: string | undefined;
  readonly errorCode?: string | undefined;
}

/** `health_check`: a server was asked whether it is well. */
export interface HealthCheckOptions extends MetricOptions {
  /** What was asked; a label, so without ids. */
  readonly endpoint: string;
  /** What the check has found. */
  readonly healthy: boolean;
  /** Of HTTP, where there was an answer. */
  readonly statusCode?: number | undefined;
}

/** `protocol_latency`: the time between two steps of an MCP session. */
export interface ProtocolLatencyOptions extends CommonOptions {
  /** Which two steps, such as `initialize_to_tools_list`; `ProtocolFlow` measures these by itself. */
  readonly flowStep: string;
  /** The time between the two steps, in seconds. */
  readonly seconds: number;
  readonly serverName?: string | undefined;
  /** Which session. Metadata; better a hash, for a session id lets its bearer in. */
  readonly sessionKey?: string | undefined;
}

/** `custom`: a number that no type of the catalogue stands for. */
export interface CustomOptions extends CommonOptions {
  /** Becomes the label `metric_name`, so it should be one of few. */
  readonly name: string;
  /** Within ±1e12. Added up as a counter and shown as a gauge. */
  readonly value: number;
}
