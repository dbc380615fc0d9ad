import type { Distribution } from "../catalogue/measurement.ts";

/** A distribution as it is stored; the shell's users read it too. */
export function writeDistribution({ count, min, max, values, counts }: Distribution): string {
  return JSON.stringify({ count, min, max, values, counts });
}

/** A column of distributions: undefined where the measurement stands for itself alone. */
export function readDistribution(cell: unknown): Distribution | undefined {
  return cell === null || cell === undefined ? undefined : (JSON.parse(String(cell)) as Distribution);
}
