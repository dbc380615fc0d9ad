/** The key with which the trials of this folder write. */
export const API_KEY = "chaos-key-0123456789abcdef";

/** A figure the service is held to: at most `limit`. */
export interface Check {
  /** The name under which the promise is collected. */
  readonly promise: string;
  readonly what: string;
  readonly value: number;
  readonly limit: number;
}

/** Prints a line for each check and says whether all hold. */
export function printChecks(checks: readonly Check[]): boolean {
  for (const { promise, what, value, limit } of checks) {
    const verdict = value <= limit ? "ok" : "BROKEN";
    process.stdout.write(`promise=${promise} value=${value} limit=${limit} ${verdict} (${what})\n`);
  }
  return checks.every(({ value, limit }) => value <= limit);
}
