/**
 * A service that is started on a damaged database serves what was stored, or refuses in one line.
 *
 * Mutation after mutation of one database that a service was killed on: start the service on it; when it
 * comes up, every row must be as it was stored; when it does not, it must say which file, why and what to
 * do, end with an exit code from 65 to 78, and leave the files as they are.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRandom } from "../../bench/random.ts";
import { submit } from "../faults/requests.ts";
import { digestOf } from "../sqlite/databases.ts";
import { createServices } from "../support/service-process.ts";
import { type Files, type Mutation, mutate } from "./damage-mutations.ts";
import { printChecks } from "./promises.ts";

const HELP = `Usage: npm run chaos:damage -- [options]
  --count N   mutations, default 200
  --seed N    default random, printed
`;

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    help: { type: "boolean", default: false },
  },
});

const PROGRAM = new URL("../../src/cli.ts", import.meta.url).pathname;
const READER = new URL("./read-rows.ts", import.meta.url).pathname;
const AT_ONCE = 2;

if (options.help) process.stdout.write(HELP);
else process.exitCode = (await run(Number(options.count), Number(options.seed))) ? 0 : 1;

/** What a mutation led to; `wrong` says which promise it broke. */
interface Outcome {
  readonly kind: "served" | "refused" | "changed value" | "crash" | "unclear refusal" | "touched" | "wrong";
  readonly detail: string;
}

async function run(count: number, seed: number): Promise<boolean> {
  print(`${count} mutations, seed ${seed}`);
  const folder = mkdtempSync(join(tmpdir(), "metrics-damage-"));
  const random = createRandom(seed);
  const files = await killedDatabase(join(folder, "intact"), 1);
  const foreign = (await killedDatabase(join(folder, "other"), 1_000_000)).log;
  const rows = await readRows(join(folder, "intact", "metrics.db"));
  const mutations = Array.from({ length: count }, (_, index) => mutate(files, foreign, index, random));
  const tally = new Map<Outcome["kind"], number>();
  const next = mutations.entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, mutation] of next) {
        const outcome = await examine(join(folder, String(index)), mutation, rows);
        tally.set(outcome.kind, (tally.get(outcome.kind) ?? 0) + 1);
        if (!["served", "refused"].includes(outcome.kind))
          print(`${mutation.name}: ${outcome.kind}: ${outcome.detail}`);
      }
    }),
  );
  rmSync(folder, { recursive: true, force: true });
  const of = (kind: Outcome["kind"]) => tally.get(kind) ?? 0;
  print(`${of("served")} served, ${of("refused")} refused, ${of("changed value")} with a changed value`);
  return printChecks([
    { promise: "A8", what: "crashes without a message", value: of("crash"), limit: 0 },
    { promise: "A8", what: "refusals that do not say enough", value: of("unclear refusal"), limit: 0 },
    { promise: "A8", what: "refused and not left as it was", value: of("touched"), limit: 0 },
    { promise: "A8", what: "wrong answers", value: of("wrong"), limit: 0 },
  ]);
}

/** A database as kill -9 leaves it: most of it in the file, some in the log. Values count on from `first`. */
async function killedDatabase(folder: string, first: number): Promise<Files> {
  const path = join(folder, "metrics.db");
  const services = createServices();
  const valuesFrom = (start: number) => Array.from({ length: 100 }, (_, index) => start + index);
  const before = await services.start(path);
  for (let batch = 0; batch < 50; batch += 1) await submit(before.port, valuesFrom(first + batch * 100));
  await before.stop("SIGTERM");
  const after = await services.start(path);
  for (let batch = 50; batch < 60; batch += 1) await submit(after.port, valuesFrom(first + batch * 100));
  await after.stop("SIGKILL");
  return { database: readFileSync(path), log: readFileSync(`${path}-wal`) };
}

async function examine(folder: string, mutation: Mutation, wanted: readonly string[]): Promise<Outcome> {
  mkdirSync(folder);
  const path = join(folder, "metrics.db");
  for (const [suffix, bytes] of Object.entries(mutation.files)) writeFileSync(path + suffix, bytes);
  const before = await digestOf(path);
  const service = serve(path);
  try {
    if (await service.isUp) return await compare(path, mutation, wanted);
    const said = service.output().join("\n");
    const detail = `exit ${service.child.exitCode ?? service.child.signalCode}: ${said}`;
    const code = service.child.exitCode ?? 0;
    if (code < 65 || code > 78) return { kind: "crash", detail };
    const isClear = said.includes(path) && /restore|move|choose|put|older than/.test(said);
    if (!isClear) return { kind: "unclear refusal", detail };
    return { kind: (await digestOf(path)) === before ? "refused" : "touched", detail };
  } finally {
    service.child.kill("SIGKILL");
  }
}

async function compare(path: string, mutation: Mutation, wanted: readonly string[]): Promise<Outcome> {
  const found = await readRows(path);
  const differing = wanted.filter((row, index) => found[index] !== row).length;
  if (differing === 0 && found.length === wanted.length) return { kind: "served", detail: "" };
  const detail = `${differing} of ${wanted.length} rows differ, ${found.length} found`;
  const isValue = mutation.mayChangeValue && found.length === wanted.length;
  return { kind: isValue ? "changed value" : "wrong", detail };
}

/** Every row of the database, read by a process of its own: what it reads may be damaged. */
async function readRows(path: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [READER, path], { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => void chunks.push(chunk));
  await once(child, "close");
  return Buffer.concat(chunks).toString().split("\n").slice(0, -1);
}

function serve(path: string) {
  const env = {
    PATH: process.env.PATH,
    SQLITE_DB_PATH: path,
    METRICS_SERVICE_HOST: "127.0.0.1",
    METRICS_SERVICE_PORT: "0",
    OTEL_PROMETHEUS_ENABLED: "false",
  };
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, "serve"], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  const isUp = new Promise<boolean>((resolve) => {
    child.once("close", () => resolve(false));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        output.push(chunk.toString());
        if (chunk.includes('"message":"listening"')) resolve(true);
      });
    }
  });
  return { child, isUp, output: () => output };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
