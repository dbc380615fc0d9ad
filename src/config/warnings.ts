import { isKeyVariable } from "./key-variables.ts";
import { nearest } from "./nearest.ts";
import { isServiceLink } from "./service-links.ts";
import { type Environment, given } from "./setting.ts";
import { allSettings } from "./settings.ts";

/** Variables of this service's clients, which may stand in a shared .env. */
const CLIENT_NAMES = ["METRICS_SERVICE_URL", "METRICS_API_KEY"];

/**
 * OpenTelemetry's own variables that this service does not read, as the specification of the SDK lists them
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). A shared environment
 * may hold any of them, so they get a warning, but none of a typing error.
 */
const OTEL_STANDARD_NAMES: ReadonlySet<string> = new Set([
  ...words("OTEL", "CONFIG_FILE ENTITIES LOG_LEVEL PROPAGATORS NODE_RESOURCE_DETECTORS"),
  ...words("OTEL", "TRACES_SAMPLER TRACES_SAMPLER_ARG METRICS_EXEMPLAR_FILTER METRIC_EXPORT_TIMEOUT"),
  ...words("OTEL", "TRACES_EXPORTER METRICS_EXPORTER LOGS_EXPORTER SEMCONV_STABILITY_OPT_IN"),
  ...words("OTEL", "NODE_ENABLED_INSTRUMENTATIONS NODE_DISABLED_INSTRUMENTATIONS"),
  ...words("OTEL_ATTRIBUTE", "VALUE_LENGTH_LIMIT COUNT_LIMIT"),
  ...words(
    "OTEL_SPAN",
    "ATTRIBUTE_VALUE_LENGTH_LIMIT ATTRIBUTE_COUNT_LIMIT EVENT_COUNT_LIMIT LINK_COUNT_LIMIT",
  ),
  ...words("OTEL_LOGRECORD", "ATTRIBUTE_VALUE_LENGTH_LIMIT ATTRIBUTE_COUNT_LIMIT"),
  ...words("OTEL", "EVENT_ATTRIBUTE_COUNT_LIMIT LINK_ATTRIBUTE_COUNT_LIMIT"),
  ...["OTEL_BSP", "OTEL_BLRP"].flatMap((processor) =>
    words(processor, "SCHEDULE_DELAY EXPORT_TIMEOUT MAX_QUEUE_SIZE MAX_EXPORT_BATCH_SIZE"),
  ),
  ...["", "_TRACES", "_METRICS", "_LOGS"].flatMap((signal) =>
    words(
      `OTEL_EXPORTER_OTLP${signal}`,
      "ENDPOINT HEADERS COMPRESSION TIMEOUT PROTOCOL INSECURE CERTIFICATE CLIENT_KEY CLIENT_CERTIFICATE",
    ),
  ),
  "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
  ...words("OTEL_EXPORTER", "PROMETHEUS_HOST PROMETHEUS_PORT ZIPKIN_ENDPOINT ZIPKIN_TIMEOUT"),
]);

/** `OTEL_A` and `OTEL_B` of `words("OTEL", "A B")`. */
function words(prefix: string, suffixes: string): string[] {
  return suffixes.split(" ").map((suffix) => `${prefix}_${suffix}`);
}

/**
 * A warning for every `METRICS_*` and `OTEL_*` name that is set and that nothing here reads: a setting
 * misspelt would otherwise be a default without a word. No warning holds a value.
 */
export function warnOfNames(env: Environment): string[] {
  const known = new Set(allSettings().map(({ name }) => name));
  return Object.keys(env)
    .filter((name) => /^(METRICS|OTEL)_/.test(name) && !known.has(name) && !isExpected(env, name))
    .sort()
    .map((name) => warn(name, known));
}

/** Whether a name that nothing reads is there for a known reason, and deserves no warning. */
function isExpected(env: Environment, name: string): boolean {
  const value = given(env, name);
  if (value === undefined || isKeyVariable(name) || CLIENT_NAMES.includes(name)) return true;
  return isServiceLink(name, value);
}

/** Names the nearest setting, because a typing error is the likeliest reason. */
function warn(name: string, known: ReadonlySet<string>): string {
  if (OTEL_STANDARD_NAMES.has(name)) return `${name}: not used by this service`;
  const suggestion = nearest(name, known);
  return `${name}: unknown setting${suggestion === undefined ? "" : `; did you mean ${suggestion}?`}`;
}

/**
 * A warning for every value in quotation marks: `docker run --env-file` is no shell, and takes the quotes of
 * `NAME="text"` as part of the text.
 */
export function warnOfQuotes(env: Environment): string[] {
  const names = [...allSettings().map(({ name }) => name), ...Object.keys(env).filter(isKeyVariable).sort()];
  return names
    .filter((name) => /^(["']).*\1$/s.test(given(env, name) ?? ""))
    .map((name) => `${name}: the quotation marks around the value are part of it`);
}
