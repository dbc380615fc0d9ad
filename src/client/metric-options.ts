/** What a dimension or a metadata field may be; null and undefined count as absent. */
export type Scalar = string | number | boolean | null | undefined;

/** What every metric may say. */
export interface CommonOptions {
  /** When it happened, as a Date or in milliseconds since 1970; default: now. */
  readonly timestamp?: Date | number | undefined;
  /** How long it took, in milliseconds. */
  readonly durationMs?: number | undefined;
  /** Further dimensions by the name they have on the wire; at most 20 with those of the options. */
  readonly dimensions?: Readonly<Record<string, Scalar>> | undefined;
  /** Context that is stored but not grouped by; objects and lists are kept as JSON. At most 30 fields. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** A metric of any type of the catalogue. */
export interface MetricOptions extends CommonOptions {
  /** Default 1. */
  readonly value?: number | undefined;
}

export interface AuthOptions extends MetricOptions {
  readonly success: boolean;
  /** How the caller authenticated, such as `oauth2` or `api_key`. */
  readonly method?: string | undefined;
  /** The server the caller wanted. */
  readonly server?: string | undefined;
  /** A hash: user names never belong into metrics. */
  readonly userHash?: string | undefined;
  readonly errorCode?: string | undefined;
}

export interface ToolExecutionOptions extends MetricOptions {
  readonly success: boolean;
  readonly toolName?: string | undefined;
  readonly serverName?: string | undefined;
  readonly serverPath?: string | undefined;
  /** The MCP method, such as `tools/call`. */
  readonly method?: string | undefined;
  readonly clientName?: string | undefined;
  readonly clientVersion?: string | undefined;
  readonly userHash?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly inputSizeBytes?: number | undefined;
  readonly outputSizeBytes?: number | undefined;
}

export interface ToolDiscoveryOptions extends MetricOptions {
  readonly query?: string | undefined;
  readonly resultsCount?: number | undefined;
  readonly topKServices?: number | undefined;
  readonly topNTools?: number | undefined;
  readonly embeddingTimeMs?: number | undefined;
  readonly vectorSearchTimeMs?: number | undefined;
}

export interface RegistryOperationOptions extends MetricOptions {
  /** Such as `create` or `list`. */
  readonly operation: string;
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly success: boolean;
  readonly userHash?: string | undefined;
  readonly errorCode?: string | undefined;
}

export interface HealthCheckOptions extends MetricOptions {
  readonly endpoint: string;
  readonly healthy: boolean;
  readonly statusCode?: number | undefined;
}

export interface ProtocolLatencyOptions extends CommonOptions {
  /** Such as `initialize_to_tools_list`; `ProtocolFlow` knows them. */
  readonly flowStep: string;
  /** The time between the two steps, in seconds. */
  readonly seconds: number;
  readonly serverName?: string | undefined;
  readonly sessionKey?: string | undefined;
}

export interface CustomOptions extends CommonOptions {
  /** Becomes the label `metric_name`, so it should be one of few. */
  readonly name: string;
  readonly value: number;
}
