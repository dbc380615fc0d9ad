/** Metrics of servers that are sent again: what is not signed is recognized by the key that it came with. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RequestHeaders } from "../support/http.ts";
import {
  COLLECT,
  countOf,
  type DirectoryContext,
  openDirectory,
  type Registered,
} from "./directory-service.ts";

const test = suite<DirectoryContext>("idempotency keys of Collect");
test.before(async (context) => void Object.assign(context, await openDirectory()));
test.after(({ close }) => close());

const METRIC = { name: "response_time", value: 120.5, type: "gauge" };

test("what is not signed is recognized by its idempotency key", async (context) => {
  const { key, id } = await context.register("keyed");
  const send = (idempotencyKey: string, value: number) =>
    context.send(
      "POST",
      `${COLLECT}/${id}`,
      { ...key, "idempotency-key": idempotencyKey },
      { metrics: [{ ...METRIC, value }] },
    );
  assert.is((await send("a", 1)).body.duplicate, undefined);
  assert.is((await send("a", 1)).body.duplicate, true);
  const other = await send("a", 2);
  assert.equal([other.status, other.body.code], [409, "idempotency_conflict"]);
  assert.is((await send("b", 1)).body.duplicate, undefined);
  assert.is(countOf(context, id), 2);
});

test("over every door an idempotency key in the body wins over one in the headers, and they are the same key", async (context) => {
  type Collect = (key: string | undefined, headers: RequestHeaders, server: Registered) => Promise<boolean>;
  const overRest: Collect = async (idempotency_key, headers, { id, key }) => {
    const body = { idempotency_key, metrics: [METRIC] };
    const answer = await context.send("POST", `${COLLECT}/${id}`, { ...key, ...headers }, body);
    assert.is(answer.status, 200, answer.text);
    return answer.body.duplicate === true;
  };
  const overRpcs = context.clients.map(({ name, directory }): [string, Collect] => [
    name,
    async (idempotencyKey = "", headers, { id, key }) => {
      const request = { serverId: id, metrics: [METRIC], idempotencyKey };
      return (await directory.collect(request, { headers: { ...key, ...headers } })).duplicate;
    },
  ]);
  for (const [index, [name, collect]] of [["REST", overRest] as const, ...overRpcs].entries()) {
    const server = await context.register(`two-keys-${index}`);
    const header = (key: string) => ({ "idempotency-key": key });
    const duplicates = [
      await collect("field", header("header"), server),
      await collect(undefined, header("header"), server),
      await collect("field", {}, server),
      await collect("field", header("another"), server),
      await collect(undefined, header("field"), server),
      await collect("header", {}, server),
      await collect("", header("header"), server),
    ];
    assert.equal(duplicates, [false, false, true, true, true, true, true], name);
    assert.is(countOf(context, server.id), 2, name);
  }
});

test.run();
