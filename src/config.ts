import { locateDatabase } from "./config/database-path.ts";
import { effectiveSettings } from "./config/describe.ts";
import { readWriterKeys, type WriterKey, warnOfSharedKeys } from "./config/key-variables.ts";
import { type OtlpTarget, otlpTarget } from "./config/otlp.ts";
import { readSettings } from "./config/read-settings.ts";
import { findMetricsService } from "./config/service-links.ts";
import { type EffectiveSetting, type Environment, given } from "./config/setting.ts";
import { SETTINGS, type SettingValues } from "./config/settings.ts";
import { warnOfNames, warnOfQuotes } from "./config/warnings.ts";

/**
 * What the operator decides: the values of `config/settings.ts` under the field names of that table,
 * with what belongs together put together. A new setting is one entry there.
 */
export interface Config extends Pick<SettingValues, "server" | "ingest" | "retention" | "log"> {
  /** Undefined: the port speaks HTTP without TLS. */
  readonly tls: TlsFiles | undefined;
  /** `path` is where the database is, whichever variable says so. */
  readonly database: Omit<SettingValues["database"], "url">;
  /** With `writers`, the keys that METRICS_API_KEY_<NAME> gives to services. */
  readonly keys: SettingValues["keys"] & { readonly writers: readonly WriterKey[] };
  /** `resourceAttributes` come without `service.name`, which is `serviceName`. */
  readonly telemetry: Omit<SettingValues["telemetry"], "isDisabled">;
  /** `isEnabled` is false also when OTEL_SDK_DISABLED turns all exports off. */
  readonly prometheus: SettingValues["prometheus"];
  /** Undefined: nothing is pushed. */
  readonly otlp: OtlpTarget | undefined;
  /** What is odd and no problem, for the log at start: one line each, without secrets. */
  readonly warnings: readonly string[];
  /** Every setting in force by its name in the environment, secrets masked: for the log and `doctor`. */
  readonly effective: readonly EffectiveSetting[];
}

/** Paths of PEM files. Whether they exist and fit each other is found out where they are opened. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * The environment is no valid configuration. `problems` are all there are, one line each, without secrets.
 */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`invalid configuration:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/**
 * The configuration that `env` asks for. Opens nothing and looks at no file.
 *
 * @throws {ConfigError} with every problem at once, so that an operator need not mend them one start at a
 *   time.
 */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  const read = readSettings(env, problems);
  const location = locateDatabase(env, read.database.path);
  if (location.problem !== undefined) problems.push(location.problem);
  const { url: _, ...database } = { ...read.database, path: location.path ?? read.database.path };
  const { isDisabled, ...telemetry } = read.telemetry;
  const config = {
    server: read.server,
    tls: tlsFiles(read.tls, problems),
    database,
    keys: { ...read.keys, writers: readWriterKeys(env, read.keys.adminKey, problems) },
    ingest: read.ingest,
    retention: read.retention,
    telemetry: nameOnce(telemetry, given(env, "OTEL_SERVICE_NAME")),
    prometheus: { ...read.prometheus, isEnabled: read.prometheus.isEnabled && !isDisabled },
    otlp: isDisabled ? undefined : otlpTarget(read.otlp),
    log: read.log,
  };
  problems.push(...contradictions(config));
  const link = findMetricsService(env, SETTINGS.server.port.default);
  if (link.problem !== undefined) problems.push(link.problem);
  if (problems.length > 0) throw new ConfigError(problems);
  const warnings = [
    ...(location.warning ? [location.warning] : []),
    ...(link.warning ? [link.warning] : []),
    ...warnOfQuotes(env),
    ...warnOfSharedKeys(env),
    ...warnOfNames(env),
  ];
  return { ...config, warnings, effective: effectiveSettings(env, database.path) };
}

/** Both files or neither. */
function tlsFiles({ certFile, keyFile }: SettingValues["tls"], problems: string[]): TlsFiles | undefined {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  if (certFile !== undefined) problems.push("TLS_KEY_FILE: missing, while TLS_CERT_FILE is set");
  if (keyFile !== undefined) problems.push("TLS_CERT_FILE: missing, while TLS_KEY_FILE is set");
  return undefined;
}

/**
 * The service's name out of its two places: OTEL_SERVICE_NAME wins over `service.name` in
 * OTEL_RESOURCE_ATTRIBUTES, and that over the default, as OpenTelemetry's specification of variables says.
 */
function nameOnce(telemetry: Config["telemetry"], givenName: string | undefined): Config["telemetry"] {
  const { "service.name": attribute, ...resourceAttributes } = telemetry.resourceAttributes;
  return { ...telemetry, resourceAttributes, serviceName: givenName ?? attribute ?? telemetry.serviceName };
}

/** Problems between settings that are valid one by one. */
function contradictions({
  server,
  ingest,
  prometheus,
}: Pick<Config, "server" | "ingest" | "prometheus">): string[] {
  const problems: string[] = [];
  // Different hosts are no way out: 0.0.0.0 includes them all, and a name can be any address.
  if (prometheus.isEnabled && prometheus.port !== 0 && prometheus.port === server.port) {
    problems.push(`OTEL_PROMETHEUS_PORT: ${prometheus.port} is METRICS_SERVICE_PORT already`);
  }
  if (ingest.metricsPerRequestMax > ingest.queuedMetricsMax) {
    problems.push(
      "MAX_METRICS_PER_REQUEST: more than MAX_QUEUED_METRICS, so a full request is never accepted",
    );
  }
  return problems;
}
