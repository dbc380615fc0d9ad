import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ADMIN } from "../support/http.ts";
import { WRONG_KEY } from "../support/service.ts";
import { readRows } from "../support/sql.ts";
import { type DirectoryContext, ISO, openDirectory, TRACK } from "./directory-service.ts";

const test = suite<DirectoryContext>("TrackUsage");
test.before(async (context) => {
  Object.assign(
    context,
    await openDirectory({ TRUSTED_PROXIES: "127.0.0.1", METRICS_VISITOR_RATE_LIMIT: "100000" }),
  );
});
test.after(({ close }) => close());

const usesOf = ({ service }: DirectoryContext, id: string) =>
  readRows(service.databasePath, "SELECT * FROM server_usage WHERE server_id = ? ORDER BY id", id);

test("a use is stored in the specified shape, and views and installations are counted", async (context) => {
  const { id } = await context.register("used", { tools: ["search"] });
  for (const [action, tool_id] of [
    ["view", undefined],
    ["view", undefined],
    ["install", undefined],
    ["test", "search"],
    ["invoke", "search"],
  ] as const) {
    const { status, body } = await context.send(
      "POST",
      TRACK,
      {},
      { server_id: id, action, tool_id, details: { page: 1 } },
    );
    const { timestamp, ...rest } = body;
    assert.equal([status, rest], [200, { success: true, recorded: true, server_id: id, action }]);
    assert.match(String(timestamp), ISO);
  }
  const rows = usesOf(context, id);
  assert.equal(
    rows.map(({ action, tool_id, details }) => [action, tool_id, details]),
    [
      ["view", null, '{"page":1}'],
      ["view", null, '{"page":1}'],
      ["install", null, '{"page":1}'],
      ["test", "search", '{"page":1}'],
      ["invoke", "search", '{"page":1}'],
    ],
  );
  assert.match(String(rows[0]?.created_at), ISO);
  const { body } = await context.send("GET", `/servers/${id}/metrics?period=90d`, ADMIN);
  const sum = (points: unknown) =>
    (points as { value: number }[]).reduce((total, { value }) => total + value, 0);
  assert.equal([sum(body.views), sum(body.installs)], [2, 1]);
  assert.is(
    readRows(
      context.service.databasePath,
      "SELECT metrics_last_received AS at FROM servers WHERE id = ?",
      id,
    )[0]?.at,
    null,
  );
});

test("what is missing or wrong is rejected with its text, and nothing of it is stored", async (context) => {
  const { id } = await context.register("strict", { isPublic: true, tools: ["search"] });
  const good = { server_id: id, action: "view" };
  const cases: readonly (readonly [object | string, number, string | RegExp, string])[] = [
    ["{", 400, "Invalid JSON payload", "malformed_body"],
    [{}, 400, "Server ID and action are required", "malformed_body"],
    [{ server_id: id }, 400, "Server ID and action are required", "malformed_body"],
    [{ action: "view" }, 400, "Server ID and action are required", "malformed_body"],
    [{ ...good, action: "delete" }, 400, "Invalid action type", "malformed_body"],
    [{ ...good, serverId: "x" }, 400, "Server ID is given twice, with different values", "malformed_body"],
    [{ ...good, details: [] }, 422, "details must be an object", "validation_failed"],
    [
      { ...good, details: { x: "y".repeat(4096) } },
      422,
      "details too large: at most 4096 bytes of JSON",
      "validation_failed",
    ],
    [
      { ...good, user_id: "x".repeat(201) },
      422,
      /user_id must be a string of at most 200/,
      "validation_failed",
    ],
    [{ ...good, tool_id: "a\nb" }, 422, /tool_id must be a string/, "validation_failed"],
    [{ ...good, tool_id: "unknown" }, 404, "Tool not found", "not_found"],
    [
      JSON.stringify({ ...good, details: { x: "y".repeat(20_000) } }),
      413,
      /larger than 16384/,
      "body_too_large",
    ],
  ];
  for (const [sent, status, error, code] of cases) {
    const { status: found, body } = await context.send("POST", TRACK, {}, sent);
    assert.equal([found, body.success, body.code], [status, false, code], JSON.stringify(body));
    if (typeof error === "string") assert.is(body.error, error);
    else assert.match(String(body.error), error);
  }
  assert.equal(usesOf(context, id), []);
  const get = await context.send("GET", TRACK, {});
  assert.equal([get.status, get.body.error], [405, "Method not allowed"]);
});

test("an anonymous caller is answered alike for every id; only who may know learns what does not exist", async (context) => {
  const { id, key } = await context.register("veiled", { tools: ["search"] });
  const other = await context.register("stranger");
  const wrong = { "x-api-key": WRONG_KEY };
  for (const headers of [{}, other.key, wrong]) {
    const answers = [];
    for (const server_id of [id, "no-such-server"]) {
      const { status, body } = await context.send("POST", TRACK, headers, {
        server_id,
        action: "invoke",
        tool_id: "no",
      });
      answers.push([status, body.recorded, body.error]);
    }
    assert.equal(answers[0], answers[1]);
    assert.is(answers[0]?.[0], headers === wrong ? 401 : 200);
  }
  assert.is(usesOf(context, "no-such-server").length, 2, "what was answered as recorded is recorded");
  for (const headers of [ADMIN, context.reader]) {
    const absent = await context.send("POST", TRACK, headers, {
      server_id: "no-such-server",
      action: "view",
    });
    assert.equal([absent.status, absent.body.error], [404, "Server not found"]);
    const tool = await context.send("POST", TRACK, headers, {
      server_id: id,
      action: "invoke",
      tool_id: "no",
    });
    assert.equal([tool.status, tool.body.error], [404, "Tool not found"]);
  }
  const own = await context.send("POST", TRACK, key, { server_id: id, action: "invoke", tool_id: "no" });
  assert.equal([own.status, own.body.error], [404, "Tool not found"]);
});

test("uses are read by administrators and by the server's own key, page by page, and by nobody else", async (context) => {
  const { id, key } = await context.register("read");
  const other = await context.register("nosy");
  for (const action of ["view", "install", "test"])
    await context.send("POST", TRACK, {}, { server_id: id, action });
  for (const headers of [key, ADMIN]) {
    const first = await context.rpc.listUsage({ serverId: id, pageSize: 2 }, { headers: { ...headers } });
    assert.equal(
      first.uses.map(({ action }) => action),
      ["test", "install"],
    );
    const { nextPageToken: pageToken } = first;
    const second = await context.rpc.listUsage({ serverId: id, pageToken }, { headers: { ...headers } });
    assert.equal([second.uses.map(({ action }) => action), second.nextPageToken], [["view"], ""]);
  }
  for (const headers of [{}, context.reader, other.key]) {
    for (const serverId of [id, "no-such-server"]) {
      const failure = await context.rpc
        .listUsage({ serverId }, { headers: { ...headers } })
        .catch((error) => String(error));
      assert.match(String(failure), /unauthenticated|permission_denied/);
    }
  }
});

test("no full address and no raw user id is in any file or log line, wherever it was sent", async (context) => {
  const { id, key } = await context.register("private");
  const user = "alice.liddell@example.com";
  const addresses = ["203.0.113.77", "198.51.100.23", "2001:db8:85a3:1234::8a2e:370:7334", "192.0.2.99"];
  const [v4 = "", listed = "", v6 = "", dotted = ""] = addresses;
  for (const forwarded of [v4, v6, `::ffff:${dotted}`, `10.0.0.1, ${listed}`]) {
    const headers = { "x-forwarded-for": forwarded, "user-agent": `Browser/1 (${v4}; ${user})` };
    const details = {
      ip: forwarded,
      [v4]: [`seen at ${v4}:8080, and [${v6}], ip:${v6}`, { who: user, path: `/users/${user}/${dotted}` }],
      versions: ["1.2.3", "12:30:45"],
    };
    const { status } = await context.send("POST", TRACK, headers, {
      server_id: id,
      action: "invoke",
      user_id: user,
      tool_id: `tool-of-${user}`,
      details,
    });
    assert.is(status, 200);
  }
  const number = 867_530_961;
  const numbered = await context.send(
    "POST",
    TRACK,
    {},
    {
      server_id: id,
      action: "invoke",
      user_id: number,
      details: { user: number, seen: [number], count: 3 },
    },
  );
  assert.is(numbered.status, 200);
  // Nobody is named but in the details, in more than one spelling.
  const unnamed = "bob.dobbs@example.org";
  const told = {
    user_id: unnamed,
    path: "/u/bob.dobbs%40example.org",
    text: "BOB.DOBBS@EXAMPLE.ORG called std::vec::Vec",
    version: "1.2.3.4",
  };
  const agent = { "user-agent": `Agent/1.2.3.4 (${unnamed})` };
  const tracked = await context.send("POST", TRACK, agent, { server_id: id, action: "view", details: told });
  assert.is(tracked.status, 200);
  await context.rpc.recordEvent(
    { serverId: id, eventType: "restart", details: { user: unnamed, by: "Bob.Dobbs%40example.org" } },
    { headers: { ...key } },
  );
  // Failures are told of and logged without them, too.
  await context.send(
    "POST",
    TRACK,
    { "x-forwarded-for": v4 },
    { server_id: id, action: "no", user_id: user },
  );
  await context.send("POST", TRACK, { "x-forwarded-for": v4 }, `{"user_id": "${user}"`);
  await context.rpc.recordEvent(
    { serverId: id, eventType: "error", details: { at: v4 } },
    { headers: { ...key } },
  );

  const uses = usesOf(context, id);
  const rows = uses.slice(0, -2);
  const [last, inDetails] = uses.slice(-2);
  const details = JSON.parse(String(inDetails?.details));
  const pseudonym = details.user_id;
  assert.match(pseudonym, /^[0-9a-f]{16}$/);
  assert.equal(details, {
    user_id: pseudonym,
    path: `/u/${pseudonym}`,
    text: `${pseudonym} called std::vec::Vec`,
    version: "1.2.3.4",
  });
  assert.is(JSON.parse(String(inDetails?.client_info)).user_agent, `Agent/1.2.3.4 (${pseudonym})`);
  const ofNumber = last?.user_id;
  assert.equal(JSON.parse(String(last?.details)), { user: ofNumber, seen: [ofNumber], count: 3 });
  assert.equal(
    rows.map(({ client_info }) => JSON.parse(String(client_info)).network),
    ["203.0.0.0/16", "2001:db8::/32", "192.0.0.0/16", "198.51.0.0/16"],
  );
  const [first] = rows;
  assert.match(String(first?.user_id), /^[0-9a-f]{16,}$/);
  assert.is(new Set(rows.map(({ user_id }) => user_id)).size, 1, "the same user is the same pseudonym");
  assert.equal(
    JSON.parse(String(first?.details)).versions,
    ["1.2.3", "12:30:45"],
    "what is no address stays",
  );
  const folder = dirname(context.service.databasePath);
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  assert.ok(files.length >= 3, "the database, its log and the secret");
  const spellings = ["bob.dobbs", "BOB.DOBBS", "Bob.Dobbs"];
  for (const hidden of [...addresses, ...spellings, user, String(number)]) {
    const needle = Buffer.from(hidden);
    assert.not.ok(
      files.some((bytes) => bytes.includes(needle)),
      `${hidden} in a file`,
    );
    assert.not.ok(JSON.stringify(context.service.logs).includes(hidden), `${hidden} in the log`);
  }
});

test.run();
