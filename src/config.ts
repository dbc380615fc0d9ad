import { locateDatabase } from "./config/database-path.ts";
import { describeSettings, effectiveSettings } from "./config/describe.ts";
import { readWriterKeys, type WriterKey } from "./config/key-variables.ts";
import { type OtlpTarget, otlpTarget } from "./config/otlp.ts";
import { readSettings } from "./config/read-settings.ts";
import { type EffectiveSetting, type Environment, given } from "./config/setting.ts";
import type { SettingValues } from "./config/settings.ts";
import { warnOfNames, warnOfQuotes } from "./config/warnings.ts";

/**
 * What the operator decides: the values of `config/settings.ts` under the field names of that table,
 * with what belongs together put together. A new setting is one entry there.
 */
export interface Config extends Pick<SettingValues, "server" | "ingest" | "retention" | "log"> {
  readonly tls: TlsFiles | undefined;
  readonly database: Omit<SettingValues["database"], "url">;
  readonly keys: SettingValues["keys"] & { readonly writers: readonly WriterKey[] };
  /** `resourceAttributes` come without `service.name`, which is `serviceName`. */
  readonly telemetry: Omit<SettingValues["telemetry"], "isDisabled">;
  readonly prometheus: SettingValues["prometheus"];
  /** Undefined: nothing is pushed. */
  readonly otlp: OtlpTarget | undefined;
  /** For the log at start, one line each. No secrets. */
  readonly warnings: readonly string[];
  /** All of it by the names of the environment, secrets masked. */
  readonly effective: readonly EffectiveSetting[];
}

/** Names of PEM files; whether they exist is found out where they are opened. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The environment makes no configuration. `problems` are all there are, one line each, no secrets. */
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
 * @throws {ConfigError} with every problem at once, so that nobody mends them one start at a time.
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
  if (problems.length > 0) throw new ConfigError(problems);
  const warnings = [
    ...(location.warning ? [location.warning] : []),
    ...warnOfQuotes(env),
    ...warnOfNames(env),
  ];
  return { ...config, warnings, effective: effectiveSettings(env, database.path) };
}

/** `config` as `doctor` prints it: one line a setting, secrets masked. */
export function describeConfig(config: Config): string[] {
  return describeSettings(config.effective);
}

function tlsFiles({ certFile, keyFile }: SettingValues["tls"], problems: string[]): TlsFiles | undefined {
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  if (certFile !== undefined) problems.push("TLS_KEY_FILE: missing, while TLS_CERT_FILE is set");
  if (keyFile !== undefined) problems.push("TLS_CERT_FILE: missing, while TLS_KEY_FILE is set");
  return undefined;
}

/** OpenTelemetry has OTEL_SERVICE_NAME win over the attribute `service.name`, and that over a default. */
function nameOnce(telemetry: Config["telemetry"], givenName: string | undefined): Config["telemetry"] {
  const { "service.name": attribute, ...resourceAttributes } = telemetry.resourceAttributes;
  return { ...telemetry, resourceAttributes, serviceName: givenName ?? attribute ?? telemetry.serviceName };
}

/** What is wrong between settings that are right one by one. */
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
