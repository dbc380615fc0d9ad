import { existsSync } from "node:fs";
import type { Config } from "../config.ts";
import { readDatabase } from "../sqlite/offline.ts";
import { verifyRollups } from "../sqlite/rollups/verify.ts";
import type { CommandRun } from "./commands.ts";
import { CommandError, type Output } from "./output.ts";

/** A parsed command line of the group `rollups`. */
type RollupsRun = Extract<CommandRun, { name: `rollups ${string}` }>;

/**
 * `rollups verify`: compare hourly and daily rollups with the measurements they were made of; also while a
 * service writes. Reads every measurement, and prints the first differences.
 *
 * @throws {CommandError} when there is no database, or after printing, when rows differ: a defect to be
 * reported.
 */
export function runRollups(_run: RollupsRun, config: Config, output: Output): void {
  const { path } = config.database;
  if (!existsSync(path)) throw new CommandError(`${path} does not exist`);
  const found = readDatabase(path, (database) => verifyRollups(database));
  const { hours, days, measurements, differences, differenceCount } = found;
  const verdict = differenceCount === 0 ? "the rollups agree" : `${differenceCount} rows differ`;
  const head = `${measurements} measurements of ${hours} hours, ${days} days: ${verdict}`;
  const value = { hours, days, measurements, differences, difference_count: differenceCount };
  output.print([head, ...differences].join("\n"), value);
  if (differenceCount > 0) throw new CommandError("the rollups are not what the measurements say");
}
