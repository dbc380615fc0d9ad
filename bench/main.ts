/**
 * How fast the service is, next to what it cannot be faster than.
 *
 * One run measures the service through three protocols, a bare node:http server that parses the same
 * bodies and stores nothing, and a bare loop that fills the predecessor's schema, in turns on the same
 * core, so that the ratios hold on a machine whose absolute figures do not. Everything the service
 * answers is on disk (its default). Exit code 1 when a target is missed.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs, promisify } from "node:util";
import { measure, median, type Shape, type Target } from "./measure.ts";
import { type Pinning, pinLoad } from "./pinning.ts";
import { createProgress, type Progress } from "./progress.ts";
import { type Findings, judge, renderReport } from "./report.ts";
import { peakMemoryBytes, type ServiceProcess, startService } from "./service-process.ts";

const HELP = `Usage: npm run bench -- [options]
  --quick          two shapes only, in less than a minute
  --dir DIR        where the databases go (default: the system's temporary directory)
  --rounds N       rounds a figure (default 5; quick 3)
  --seconds S      length of a round (default 1.5; quick 1)
  --service FILE   measure this program instead of src/cli.ts
  --profile DIR    write CPU profiles of the service there (slows it down)
`;

const PROTOCOLS = ["rest", "connect", "grpc"] as const;
const BARE = "bare http";
const SCHEMA_METRICS = 60_000;
const loadBefore = loadavg()[0] ?? 0;
const TMPFS_MAGIC = 0x01021994;

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    dir: { type: "string", default: tmpdir() },
    rounds: { type: "string" },
    seconds: { type: "string" },
    service: { type: "string" },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) process.stdout.write(HELP);
else process.exitCode = await bench();

async function bench(): Promise<number> {
  const progress = createProgress();
  const pinning = pinLoad();
  const directory = mkdtempSync(join(options.dir, "metrics-bench-"));
  try {
    const findings = await gather(directory, pinning, progress);
    progress.clear();
    const verdicts = judge(findings);
    process.stdout.write(`${[renderReport(findings), "", ...verdicts.map(({ line }) => line)].join("\n")}\n`);
    return verdicts.every(({ isReached }) => isReached) ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function gather(directory: string, pinning: Pinning, progress: Progress): Promise<Findings> {
  const databasePath = join(directory, "metrics.db");
  const keys = Object.fromEntries(
    PROTOCOLS.map((name) => [`bench-${name}`, `bench-key-of-${name}-0123456789`]),
  );
  const nodeOptions =
    options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
  const program = options.service;
  const service = await startService({
    databasePath,
    keys,
    program,
    nodeOptions,
    wrap: pinning.onServerCore,
  });
  const bare = await startBareHttp(pinning);
  const schemaRates = new Map<Shape, number[]>();
  try {
    const { rows, storedMetrics } = await measure({
      targets: targets(service, bare.port, keys),
      bare: BARE,
      shapes: shapes(),
      rounds: Number(options.rounds ?? (options.quick ? 3 : 5)),
      roundMs: Number(options.seconds ?? (options.quick ? 1 : 1.5)) * 1000,
      onProgress: progress.show,
      beside: async (shape) => {
        if (shape.metricsPerRequest < 100) return;
        progress.show("bare schema");
        const rate = await fillBareSchema(join(directory, "bare.db"), pinning);
        schemaRates.set(shape, [...(schemaRates.get(shape) ?? []), rate]);
      },
    });
    const peak = peakMemoryBytes(service.pid);
    const { code } = await service.stop("SIGTERM");
    if (code !== 0) throw new Error(`the service ended with ${code}\n${service.log.slice(-20).join("\n")}`);
    return {
      rows,
      storedMetrics,
      schemaRates: new Map([...schemaRates].map(([shape, rates]) => [shape, median(rates)])),
      bytesPerMetric: databaseBytes(databasePath) / storedMetrics,
      peakMemoryBytes: peak,
      conditions: describeConditions(directory, pinning),
    };
  } finally {
    bare.process.kill();
    if (service.isRunning()) await service.stop("SIGKILL");
  }
}

function shapes(): Shape[] {
  if (options.quick) return [1, 100].map((metricsPerRequest) => ({ metricsPerRequest, connections: 64 }));
  return [1, 100].flatMap((metricsPerRequest) =>
    [1, 16, 64].map((connections) => ({ metricsPerRequest, connections })),
  );
}

function targets(service: ServiceProcess, barePort: number, keys: Record<string, string>): Target[] {
  const doors = PROTOCOLS.map((protocol) => {
    const name = `bench-${protocol}`;
    return { name: protocol, protocol, port: service.port, service: name, apiKey: keys[name] ?? "" };
  });
  return [{ name: BARE, protocol: "rest", port: barePort, service: "bench", apiKey: "unused" }, ...doors];
}

async function startBareHttp(pinning: Pinning): Promise<{ process: ChildProcess; port: number }> {
  const program = new URL("bare-http.ts", import.meta.url).pathname;
  const [command, ...args] = pinning.onServerCore([process.execPath, program]);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(createInterface({ input: child.stdout }), "line");
  return { process: child, port: Number(port) };
}

async function fillBareSchema(path: string, pinning: Pinning): Promise<number> {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
  const program = new URL("bare-schema.ts", import.meta.url).pathname;
  const [command, ...args] = pinning.onServerCore([process.execPath, program, path, String(SCHEMA_METRICS)]);
  const { stdout } = await promisify(execFile)(command, args);
  return Number(stdout);
}

/** A clean stop leaves everything in the main file; what a log still held would count too. */
function databaseBytes(path: string): number {
  return (statSync(path).size ?? 0) + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}

function describeConditions(directory: string, pinning: Pinning): string {
  const isTmpfs = statfsSync(directory).type === TMPFS_MAGIC;
  const disk = isTmpfs ? "; databases in memory (tmpfs), so durability cost nothing: use --dir" : "";
  const others =
    loadBefore > 0.5 ? `; load average ${loadBefore.toFixed(1)} before the start: others disturb this` : "";
  const profiled = options.profile === undefined ? "" : "; profiled";
  return `${pinning.description}; node ${process.versions.node}${disk}${others}${profiled}`;
}
