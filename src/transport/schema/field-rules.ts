import { METRIC_TYPES } from "../../catalogue/catalogue.ts";
import { LIMITS } from "../../catalogue/limits.ts";
import type { JsonSchema } from "./json-schema.ts";

/** Message names of the schema, before their fields'. */
const METRIC = "mcp.metrics.v1.Metric";
const SUBMIT = "mcp.metrics.v1.SubmitRequest";

/** What a submission's fields may hold, by their full names in the schema; on every wire the same. */
export function fieldRules(metricsMax: number): ReadonlyMap<string, JsonSchema> {
  return new Map<string, JsonSchema>([
    [
      `${SUBMIT}.service`,
      { minLength: 1, maxLength: LIMITS.SERVICE_LENGTH_MAX, pattern: "^[A-Za-z0-9_-]+$" },
    ],
    [`${SUBMIT}.version`, { maxLength: LIMITS.VERSION_LENGTH_MAX }],
    [`${SUBMIT}.instance_id`, { maxLength: LIMITS.INSTANCE_ID_LENGTH_MAX, pattern: "^[A-Za-z0-9_.-]*$" }],
    [`${SUBMIT}.metrics`, { minItems: 1, maxItems: metricsMax }],
    [`${SUBMIT}.idempotency_key`, { maxLength: LIMITS.IDEMPOTENCY_KEY_LENGTH_MAX, pattern: "^[ -~]*$" }],
    [`${METRIC}.type`, { enum: METRIC_TYPES.map(({ name }) => name) }],
    [`${METRIC}.value`, { type: "number", minimum: -LIMITS.VALUE_ABS_MAX, maximum: LIMITS.VALUE_ABS_MAX }],
    [`${METRIC}.duration_ms`, { type: "number", minimum: 0, maximum: LIMITS.DURATION_MS_MAX }],
    [
      `${METRIC}.dimensions`,
      {
        maxProperties: LIMITS.DIMENSIONS_MAX,
        propertyNames: { maxLength: LIMITS.DIMENSION_KEY_LENGTH_MAX, pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
        additionalProperties: {
          type: ["string", "number", "boolean", "null"],
          maxLength: LIMITS.DIMENSION_VALUE_LENGTH_MAX,
        },
      },
    ],
    [
      `${METRIC}.metadata`,
      {
        maxProperties: LIMITS.METADATA_FIELDS_MAX,
        propertyNames: { maxLength: LIMITS.METADATA_KEY_LENGTH_MAX },
        additionalProperties: { maxLength: LIMITS.METADATA_VALUE_LENGTH_MAX },
      },
    ],
  ]);
}
