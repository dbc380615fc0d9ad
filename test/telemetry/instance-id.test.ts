import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readInstanceId } from "../../src/sqlite/file/instance-id.ts";
import { temporaryPath } from "../sqlite/databases.ts";
import { send } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { openReceiver } from "./otlp-receiver.ts";

/** The id that a scrape and an OTLP export of a service carry, which must be one. */
async function exportedId(env: Readonly<Record<string, string>>): Promise<string> {
  const receiver = await openReceiver();
  const service = await startTestService({ ...env, OTEL_OTLP_ENDPOINT: receiver.url });
  const { text } = await send("GET", service.prometheusUrl);
  await service.service.close();
  const scraped = /^target_info\{.*service_instance_id="([^"]*)"/m.exec(text)?.[1] ?? "";
  assert.is(receiver.resource.get("service.instance.id"), scraped);
  await receiver.close();
  return scraped;
}

test("a service exports under one id for as long as its database lives, and no other service has it", async () => {
  const [path, other] = [temporaryPath(), temporaryPath()];
  const first = await exportedId({ SQLITE_DB_PATH: path });
  assert.match(first, /^[A-Za-z0-9_.-]+-[0-9a-f]{12}$/);
  assert.ok(first.startsWith(hostname().slice(0, 8)), `${first} begins with the host's name`);
  assert.is(await exportedId({ SQLITE_DB_PATH: path }), first, "after a restart");
  assert.is.not(await exportedId({ SQLITE_DB_PATH: other }), first, "of another on the same machine");
  const OTEL_RESOURCE_ATTRIBUTES = "service.instance.id=chosen";
  assert.is(await exportedId({ SQLITE_DB_PATH: path, OTEL_RESOURCE_ATTRIBUTES }), "chosen");
});

test("what stands beside the database is kept where it is an id, and made anew where it is none", () => {
  const path = temporaryPath();
  const made = readInstanceId(path);
  const file = `${path}-instance`;
  assert.is(statSync(file).mode & 0o777, 0o600);
  for (const [text, expected] of [
    ["eu-1.collector_2\n", "eu-1.collector_2"],
    ["x".repeat(100), "x".repeat(100)],
    ["x".repeat(101), undefined],
    ["", undefined],
    ["two words", undefined],
    ["\0\0\0", undefined],
  ] as const) {
    writeFileSync(file, text);
    const found = readInstanceId(path);
    if (expected !== undefined) assert.is(found, expected);
    else assert.match(found, /-[0-9a-f]{12}$/, JSON.stringify(text));
    assert.is(readFileSync(file, "utf8").trim(), found);
    assert.is(readInstanceId(path), found);
  }
  rmSync(file);
  assert.is.not(readInstanceId(path), made);
});

test.run();
