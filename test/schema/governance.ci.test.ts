import { type Context, suite } from "uvu";
import * as assert from "uvu/assert";
import { needing } from "../support/needs.ts";
import { openWorkingCopy, type WorkingCopy } from "./working-copy.ts";

const test = suite<{ copy: WorkingCopy } & Context>("schema governance");
test.before.each((context) => {
  context.copy = openWorkingCopy();
});
test.after.each(({ copy }) => copy.remove());

const SERVICE = "proto/mcp/metrics/v1/metrics_service.proto";
const RENAMED = [SERVICE, "string instance_id = 3;", "string instance = 3;"] as const;
const ADDED = [
  SERVICE,
  "string idempotency_key = 5;",
  "string idempotency_key = 5;\n\n  // Where it ran.\n  string region = 6;",
] as const;

test("a field added passes", async ({ copy }) => {
  copy.edit(...ADDED);
  assert.equal(await copy.script("breaking"), { passed: true, output: "" });
});

test("what a release adds is held to from then on", async ({ copy }) => {
  copy.edit(...ADDED);
  assert.equal(await copy.script("release:schema"), { passed: true, output: "" });
  copy.edit(SERVICE, "string region = 6;", "string zone = 6;");
  assert.match((await copy.script("breaking")).output, /changed name from "region" to "zone"/);
});

test("a release cannot take a broken schema for the new promise", async ({ copy }) => {
  copy.edit(...RENAMED);
  assert.not((await copy.script("release:schema")).passed);
  assert.match((await copy.script("breaking")).output, /changed name from "instance_id" to "instance"/);
});

test("what main has is held to before it is released", async ({ copy }) => {
  copy.edit(...ADDED);
  await copy.commit();
  await copy.run("git", "update-ref", "refs/remotes/origin/main", "HEAD");
  copy.edit(SERVICE, "string region = 6;", "string zone = 6;");
  assert.ok((await copy.script("breaking")).passed, "no release has it yet");
  const { passed, output } = await copy.script("breaking:main");
  assert.match(output, /changed name from "region" to "zone"/);
  assert.not(passed);
});

test("a schema against the rules of style fails the lint, which names the place", async ({ copy }) => {
  copy.edit(SERVICE, "string instance_id = 3;", "string instanceId = 3;");
  const { passed, output } = await copy.run("node_modules/.bin/buf", "lint");
  assert.match(output, /metrics_service\.proto:\d+:\d+:Field name "instanceId" should be lower_snake_case/);
  assert.not(passed);
});

test("a field without a comment fails the lint", async ({ copy }) => {
  copy.edit(SERVICE, "string idempotency_key = 5;", "string idempotency_key = 5;\n\n  string region = 6;");
  const { passed, output } = await copy.run("node_modules/.bin/buf", "lint");
  assert.match(output, /Field "region" should have a non-empty comment/);
  assert.not(passed);
});

// buf shows what it would change through diff.
needing(test, "diff")(
  "a schema that is not formatted fails the check, which shows how it should be",
  async ({ copy }) => {
    copy.edit(SERVICE, "  string instance_id = 3;", "string   instance_id=3;");
    const { passed, output } = await copy.run("node_modules/.bin/buf", "format", "-d", "--exit-code");
    assert.match(output, /\+ {2}string instance_id = 3;/);
    assert.not(passed);
  },
);

test("generated code that the schema does not generate fails the check, which shows it", async ({ copy }) => {
  await copy.commit();
  assert.equal(await copy.script("check:generated"), { passed: true, output: "" });
  copy.edit(...ADDED);
  const { passed, output } = await copy.script("check:generated");
  assert.match(output, /\+\s+region: string;/);
  assert.not(passed);
});

test.run();
