/** A seed that has found something. It runs before all others, for good. */
export interface KnownSeed {
  readonly seed: number;
  /** What was wrong. */
  readonly found: string;
}

export const KNOWN_SEEDS: readonly KnownSeed[] = [
  {
    seed: 376,
    found: "a close did not wait for an export of series without rows, which was committed after it",
  },
  { seed: 3757, found: "a close did not wait for the transaction of such an export" },
];
