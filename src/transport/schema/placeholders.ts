/**
 * What only a running service knows and its documentation says: `npm run generate` writes these placeholders,
 * and the service puts its own values in their place as it first serves a page.
 */
export interface ServedValues {
  /** The service's version. */
  readonly version: string;
  /** MAX_METRICS_PER_REQUEST: metrics of one Submit. */
  readonly metricsPerRequestMax: number;
}

/** Values that stand nowhere else in the documentation; the number is one that JSON writes as it is. */
export const PLACEHOLDERS: ServedValues = {
  version: "0.0.0-placeholder",
  metricsPerRequestMax: 999_999_937,
};

/** A generated page with the values of this service. */
export function fillPlaceholders(page: string, { version, metricsPerRequestMax }: ServedValues): string {
  return page
    .replaceAll(PLACEHOLDERS.version, version)
    .replaceAll(String(PLACEHOLDERS.metricsPerRequestMax), String(metricsPerRequestMax));
}
