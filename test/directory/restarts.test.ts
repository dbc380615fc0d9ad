import { existsSync, renameSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { temporaryPath } from "../sqlite/databases.ts";
import { ADMIN, type RequestHeaders, send } from "../support/http.ts";
import { ADMIN_KEY, startTestService } from "../support/service.ts";
import { createServices } from "../support/service-process.ts";
import { readRows } from "../support/sql.ts";
import { COLLECT, sign } from "./directory-service.ts";

const test = suite("directory over restarts");
const services = createServices();
test.after(() => services.killAll());

const post = (url: string, headers: RequestHeaders, body: string) =>
  send("POST", url, { "content-type": "application/json", ...headers }, body);
const register = async (base: string, body: object) =>
  (await post(`${base}/mcp.directory.v1.DirectoryService/RegisterServer`, ADMIN, JSON.stringify(body))).body;

test("kill -9 at any moment loses nothing that was answered, neither of the metrics nor of their days", async () => {
  const path = temporaryPath();
  const env = { METRICS_ADMIN_API_KEY: ADMIN_KEY, METRICS_RATE_LIMIT: "1000000" };
  let key = "";
  let answered = 0;
  for (let round = 0; round < 4; round += 1) {
    const service = await services.start(path, env);
    const base = `http://127.0.0.1:${service.port}`;
    if (round === 0) key = String((await register(base, { serverId: "one" })).apiKey);
    let isStopped = false;
    const senders = Array.from({ length: 8 }, async () => {
      while (!isStopped) {
        const metrics = [{ name: "api_requests", value: 1, type: "counter" }];
        const sent = post(`${base}${COLLECT}/one`, { "x-api-key": key }, JSON.stringify({ metrics }));
        const answer = await sent.catch(() => undefined);
        if (answer?.status === 200) answered += 1;
        if (answer === undefined) return;
      }
    });
    // In the middle of things: after so many answers more.
    const enough = answered + 100 + 37 * round;
    while (answered < enough) await new Promise((resolve) => setImmediate(resolve));
    await service.stop("SIGKILL");
    isStopped = true;
    await Promise.all(senders);
  }
  const [stored] = readRows(path, "SELECT count(*) AS count FROM server_metrics");
  const [days] = readRows(
    path,
    "SELECT sum(count_value) AS count, sum(sum_value) AS sum FROM server_metrics_daily",
  );
  assert.ok(Number(stored?.count) >= answered, `${stored?.count} of ${answered}`);
  assert.equal([days?.count, days?.sum], [stored?.count, stored?.count]);
});

test("keys, secrets and health are known again after a restart; with another installation's secret, nothing is taken", async () => {
  const env = { SQLITE_DB_PATH: temporaryPath() };
  const body = JSON.stringify({
    server_id: "one",
    metrics: [{ name: "health_check", value: 1, type: "gauge" }],
  });
  const send = (base: string, key: unknown, secret: unknown, sent = body) =>
    post(base + COLLECT, { "x-api-key": String(key), "x-signature": sign(String(secret), sent) }, sent);
  const first = await startTestService(env);
  const made = await register(first.url, { serverId: "one", generateWebhookSecret: {} });
  assert.is((await send(first.url, made.apiKey, made.webhookSecret)).status, 200);
  await first.service.close();
  const second = await startTestService(env);
  const replay = await send(second.url, made.apiKey, made.webhookSecret);
  assert.equal([replay.status, replay.body.duplicate], [200, true]);
  assert.is((await send(second.url, made.apiKey, made.webhookSecret, `${body} `)).status, 200);
  await second.service.close();
  const events = readRows(env.SQLITE_DB_PATH, "SELECT new_value FROM server_events");
  assert.equal(events, [{ new_value: "up" }], "still up is no news");

  const secretFile = `${env.SQLITE_DB_PATH}-secret`;
  assert.ok(existsSync(secretFile));
  renameSync(secretFile, `${secretFile}.away`);
  const third = await startTestService(env);
  const refused = await send(third.url, made.apiKey, made.webhookSecret, `${body}  `);
  assert.equal([refused.status, refused.body.error], [401, "Invalid webhook signature"]);
  assert.ok(
    third.logs.some(({ message }) => /webhook secrets were sealed with another/.test(String(message))),
  );
  await third.close();
});

test.run();
