import { once } from "node:events";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { examineDatabase } from "../../src/sqlite/file/examine.ts";
import {
  digestOf,
  MIGRATIONS,
  MIGRATIONS_FOLDER,
  openMigrated,
  openUnmigrated,
  releaseClosed,
  temporaryPath,
} from "../sqlite/databases.ts";
import { startTestService } from "../support/service.ts";
import { TestClock } from "../support/time.ts";
import { type Env, freshEnvironment, runCli } from "./run-cli.ts";

interface Finding {
  readonly check: string;
  readonly state: string;
  readonly detail: string;
}

async function examine(env: Env, ...options: readonly string[]) {
  const { code, stdout, stderr } = await runCli(["doctor", "--json", ...options], env);
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  const problems = findings.filter(({ state }) => state === "problem");
  return {
    code,
    stderr,
    findings,
    problems,
    detailOf: (check: string) => findings.find((it) => it.check === check)?.detail,
  };
}

test("a sound database without a service is healthy, and says at which migration it is", async () => {
  const { env, path } = freshEnvironment();
  openMigrated(path).close();
  const { code, problems, detailOf } = await examine(env);
  assert.equal([code, problems], [0, []]);
  assert.match(detailOf("database") ?? "", `at migration ${MIGRATIONS.length}, sound`);
  assert.is(detailOf("service"), "not running");
});

test("before the first start everything is healthy, and nothing is made", async () => {
  const { env, path } = freshEnvironment();
  const { code, problems, detailOf } = await examine(env);
  assert.equal([code, problems], [0, []]);
  assert.match(detailOf("database") ?? "", /not there yet/);
  for (const suffix of ["", "-wal", "-lock"]) assert.not(existsSync(path + suffix));
});

test("a running service and its ports are no problem", async () => {
  const { env, path } = freshEnvironment();
  const service = await startTestService(env);
  const ports = { METRICS_SERVICE_PORT: `${service.service.port}` };
  const { code, problems, detailOf } = await examine({ ...env, ...ports, SQLITE_DB_PATH: path });
  assert.equal([code, problems], [0, []]);
  assert.is(detailOf("service"), `running at ${service.url}`);
  assert.is(detailOf(`port ${service.service.port}`), "in use");
  assert.match(detailOf("database") ?? "", /sound/);
  await service.close();
});

test("of a running service its own settings are shown, and which of them a restart would change", async () => {
  const { env } = freshEnvironment({ METRICS_RATE_LIMIT: "70", METRICS_RETENTION_DAYS: "30" });
  const service = await startTestService({ ...env, METRICS_API_KEY_GW: "secret-of-the-gateway" });
  const here = { ...env, METRICS_RATE_LIMIT: "71", LOG_LEVEL: "error" };
  const { code, stdout } = await runCli(["doctor", "--json"], here);
  const answer = JSON.parse(stdout) as {
    readonly findings: readonly Finding[];
    readonly configuration: readonly { readonly name: string; readonly value: string }[];
    readonly configuration_of: string;
  };
  assert.equal([code, answer.configuration_of], [0, "service"]);
  const shown = (name: string) => answer.configuration.find((setting) => setting.name === name)?.value;
  assert.equal([shown("METRICS_RATE_LIMIT"), shown("METRICS_RETENTION_DAYS")], ["70", "30"]);
  assert.equal(shown("METRICS_API_KEY_GW"), "********");
  const [warning] = answer.findings.filter(
    ({ check, state }) => check === "configuration" && state === "warning",
  );
  assert.match(warning?.detail ?? "", "METRICS_RATE_LIMIT (70 in force, 71 here)");
  assert.match(warning?.detail ?? "", "METRICS_API_KEY_GW (******** in force, unset here)");
  assert.not.match(warning?.detail ?? "", "METRICS_RETENTION_DAYS");
  assert.not.match(stdout, "secret-of");
  await service.close();
  const stopped = JSON.parse((await runCli(["doctor", "--json"], here)).stdout);
  assert.is(stopped.configuration_of, "environment");
});

const DAMAGES: readonly { name: string; damage: (path: string) => void; detail: RegExp }[] = [
  {
    name: "no database at all",
    damage: (path) => writeFileSync(path, "x".repeat(10_000)),
    detail: /not a database/,
  },
  {
    name: "cut off",
    damage: (path) => writeFileSync(path, readFileSync(path).subarray(0, 9000)),
    detail: /malformed|never used|disk image/,
  },
  {
    name: "damaged in one page",
    damage(path) {
      const bytes = readFileSync(path);
      bytes.fill(0xff, 5 * 4096, 5 * 4096 + 200);
      writeFileSync(path, bytes);
    },
    detail: /page|malformed|disk image/,
  },
  {
    name: "readable and wrong: its list of free pages lies",
    damage(path) {
      const bytes = readFileSync(path);
      bytes.writeUInt32BE(bytes.readUInt32BE(36) + 5, 36);
      writeFileSync(path, bytes);
    },
    detail: /freelist/i,
  },
];

for (const { name, damage, detail } of DAMAGES) {
  test(`a database that is ${name} is a problem, and stays as it is`, async () => {
    const { env, path } = freshEnvironment();
    const database = openMigrated(path);
    database.script("PRAGMA wal_checkpoint(TRUNCATE)");
    damage(path);
    const before = await digestOf(path);
    const { code, stderr, problems } = await examine(env);
    database.close();
    assert.is(code, 1);
    assert.match(stderr, /^mcp-metrics: 1 problem found\n$/);
    assert.is(problems[0]?.check, "database");
    assert.match(problems[0]?.detail ?? "", detail);
    assert.match(problems[0]?.detail ?? "", path);
    assert.is(await digestOf(path), before);
  });
}

const REFUSALS: readonly { name: string; change: (path: string) => void; detail: RegExp }[] = [
  {
    name: "gone, while its log is there",
    change(path) {
      writeFileSync(`${path}-wal`, "committed last");
      rmSync(path);
    },
    detail: /put the database back, or move the log away/,
  },
  {
    name: "beside the log of another one",
    change(path) {
      const bytes = readFileSync(path);
      const other = openMigrated(`${path}.other`);
      copyFileSync(`${path}.other-wal`, `${path}-wal`);
      other.close();
      writeFileSync(path, bytes);
    },
    detail: /is not of .*move the log away/,
  },
  {
    name: "of a newer release",
    change(path) {
      const database = openMigrated(path);
      database.script("INSERT INTO schema_migrations VALUES (1000, 'later', '', '')");
      database.close();
    },
    detail: /older than the database/,
  },
  {
    name: "of something else",
    change(path) {
      for (const suffix of ["", "-wal"]) rmSync(path + suffix, { force: true });
      const database = openUnmigrated(path);
      database.script("CREATE TABLE notes (text); INSERT INTO notes VALUES (1)");
      database.close();
    },
    detail: /choose another path/,
  },
];

for (const { name, change, detail } of REFUSALS) {
  test(`a database that is ${name} is a problem that says what to do, and stays as it is`, async () => {
    const { env, path } = freshEnvironment();
    openMigrated(path).close();
    await releaseClosed();
    change(path);
    const before = await digestOf(path);
    const { code, problems } = await examine(env);
    assert.is(code, 1);
    assert.match(problems[0]?.detail ?? "", detail);
    assert.match(problems[0]?.detail ?? "", path);
    assert.is(await digestOf(path), before);
  });
}

test("an index that lacks a row is found by --full only", async () => {
  const { env, path } = freshEnvironment();
  const database = openMigrated(path);
  database.script(`CREATE TABLE t (a); CREATE INDEX t_a ON t (a) WHERE a > 0; INSERT INTO t VALUES (1);
    PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX t_a ON t (a) WHERE a > 1' WHERE name = 't_a'`);
  database.close();
  assert.is((await examine(env)).code, 0);
  const { code, problems } = await examine(env, "--full");
  assert.is(code, 1);
  assert.match(problems[0]?.detail ?? "", /wrong # of entries in index t_a/);
});

test("a search for damage that takes too long is given up, and says so", async () => {
  const path = temporaryPath();
  openMigrated(path).close();
  const clock = new TestClock();
  const examined = examineDatabase({
    path,
    migrationsFolder: MIGRATIONS_FOLDER,
    full: false,
    limitMs: 30_000,
    clock,
  });
  clock.advance(30_000);
  assert.equal(await examined, { migration: MIGRATIONS.length, isFinished: false });
});

test("a port that another program has is a problem", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { env } = freshEnvironment({ METRICS_SERVICE_PORT: `${port}` });
  const { code, problems } = await examine(env);
  assert.is(code, 1);
  assert.equal(problems, [{ check: `port ${port}`, state: "problem", detail: "in use" }]);
  other.close();
  await once(other, "close");
});

test("a host that is not this machine is a problem", async () => {
  const { env } = freshEnvironment({ METRICS_SERVICE_HOST: "192.0.2.1" });
  const { code, problems } = await examine(env);
  assert.is(code, 1);
  assert.match(problems[0]?.detail ?? "", /EADDRNOTAVAIL/);
});

test("every problem of the configuration is reported at once, and warnings are no problems", async () => {
  const bad = { METRICS_RATE_LIMIT: "0", METRICS_ACK: "maybe", METRICS_RATE_LIMITT: "5" };
  const { env } = freshEnvironment(bad);
  const { code, stderr, problems, findings } = await examine(env);
  assert.is(code, 1);
  assert.match(stderr, /2 problems found/);
  assert.equal(
    problems.map(({ check }) => check),
    ["configuration", "configuration"],
  );
  assert.ok(problems.some(({ detail }) => detail.includes("METRICS_RATE_LIMIT:")));
  assert.ok(problems.some(({ detail }) => detail.includes("METRICS_ACK")));
  const warned = await examine(freshEnvironment({ METRICS_RATE_LIMITT: "5" }).env);
  assert.is(warned.code, 0);
  assert.ok(
    warned.findings.some(({ state, detail }) => state === "warning" && detail.includes("RATE_LIMITT")),
  );
  assert.ok(findings.some(({ check }) => check === "clock"));
});

test("no secret is shown, whatever the configuration holds", async () => {
  const secrets = {
    METRICS_API_KEY_GW: "secret-of-the-gateway",
    METRICS_ADMIN_API_KEY: "secret-of-the-admin",
  };
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret-of-otlp" };
  const { env } = freshEnvironment({ ...secrets, ...headers });
  for (const args of [["doctor"], ["doctor", "--json"]]) {
    const { stdout, stderr } = await runCli(args, env);
    assert.not.match(stdout + stderr, "secret-of");
  }
});

test.run();
