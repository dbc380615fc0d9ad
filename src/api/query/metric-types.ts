import { METRIC_TYPES } from "../../catalogue/catalogue.ts";

/** What a caller needs to know of a metric type to submit it and to query it. */
export interface MetricTypeDescription {
  /** The key of its catalogue entry: `type` of a submitted metric, a member of `types` of a query. */
  readonly name: string;
  readonly description: string;
  /**
   * Names that a query may filter and group it by, each once: the common ones (`server` for `server_name`)
   * before those of the entry. `service` and `type`, which every metric has, are left out.
   */
  readonly dimensions: readonly string[];
}

/** Made once: the catalogue does not change while the service runs. */
const DESCRIPTIONS: readonly MetricTypeDescription[] = METRIC_TYPES.map(
  ({ name, description, commonNames, dimensions }) => ({
    name,
    description,
    dimensions: [...new Set([...Object.keys(commonNames), ...dimensions])],
  }),
);

/**
 * Every metric type of the catalogue, in its order. Nothing is read from the database and nothing depends on
 * the caller, so that a client can ask once and keep the answer until the service is updated.
 */
export const listMetricTypes = (): readonly MetricTypeDescription[] => DESCRIPTIONS;
