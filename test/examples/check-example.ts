/** Runs the examples as their readers do: as programs of their own, against a service that is new to them. */

import { execFile } from "node:child_process";
import { globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { preparedFolder } from "../support/prepared-folder.ts";
import { startTestService, WRITER_KEY, WRONG_KEY } from "../support/service.ts";
import { openRows } from "../support/sql.ts";

export const ROOT = join(import.meta.dirname, "../..");
export const EXAMPLES = join(ROOT, "examples");
const RUN_MS_MAX = 60_000;

const execute = promisify(execFile);

export interface Example {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly isOk: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function run({ program, args, env }: Example, url: string, key: string): Promise<Ended> {
  const environment = { PATH: process.env.PATH, ...env, METRICS_URL: url, METRICS_API_KEY: key };
  try {
    const ended = await execute(program, args, { env: environment, timeout: RUN_MS_MAX });
    return { isOk: true, ...ended };
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return { isOk: false, stdout, stderr };
  }
}

/**
 * Two metrics of three are stored, once although they are sent twice, and each of `says` is said. With a
 * wrong key the example fails and repeats what the service said.
 */
export async function checkExample(example: Example, says: readonly RegExp[]): Promise<void> {
  const service = await startTestService();
  try {
    const { isOk, stdout, stderr } = await run(example, service.url, WRITER_KEY);
    assert.ok(isOk, `${stdout}${stderr}`);
    for (const words of says) assert.match(stdout, words);
    const rows = openRows(service.databasePath);
    const stored = rows.all("SELECT service, tool_name, success FROM tool_metrics ORDER BY id");
    assert.equal(
      stored.map(({ service, tool_name, success }) => [service, tool_name, success]),
      [
        ["test", "search", 1],
        ["test", "fetch", 0],
      ],
    );
    rows.close();
    const refused = await run(example, service.url, WRONG_KEY);
    assert.not(refused.isOk, refused.stdout);
    assert.match(refused.stdout + refused.stderr, /Invalid API key/);
  } finally {
    await service.close();
  }
}

/** What the examples with a client say, each in its own language. */
export const CLIENT_SAYS = [
  /^stored 2, refused 1 \(req_[0-9a-f]{16}\)$/m,
  /^ {2}metrics\[2\]\.value: .*Metric value is required/m,
  /^repeated: the answer of before, nothing stored twice$/m,
  /^ {2}fetch: 1 calls, error rate 1$/m,
  /^ {2}search: 1 calls, error rate 0$/m,
];

export const readExample = (path: string) => readFileSync(join(EXAMPLES, path), "utf8");

/**
 * What `buf generate` makes by the recipe of an example, and `build` of that, in a folder that is kept as long
 * as neither the schema changes nor what else decides: `recipe`.
 */
export function generated(
  language: string,
  recipe: readonly string[],
  build: (folder: string) => Promise<void> = async () => undefined,
  path = process.env.PATH,
): Promise<string> {
  const schema = globSync("proto/mcp/**/*.proto", { cwd: ROOT }).sort();
  const texts = schema.map((name) => readFileSync(join(ROOT, name), "utf8"));
  return preparedFolder(`${language}-example`, [...recipe, ...texts], async (folder) => {
    mkdirSync(folder);
    const options = { cwd: join(EXAMPLES, language), env: { ...process.env, PATH: path } };
    await execute(join(ROOT, "node_modules/.bin/buf"), ["generate", "--output", folder], options);
    await build(folder);
  });
}
