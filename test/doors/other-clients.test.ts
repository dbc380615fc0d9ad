/** A client that is not ours: buf curl, with nothing but reflection. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { startTestService, WRITER_KEY } from "../support/service.ts";
import { openRows } from "../support/sql.ts";

const execute = promisify(execFile);
const BUF = join(import.meta.dirname, "../../node_modules/.bin/buf");

for (const protocol of ["grpc", "grpcweb", "connect"]) {
  test(`buf curl submits by reflection alone over ${protocol}`, async () => {
    const service = await startTestService();
    const rows = openRows(service.databasePath);
    const metric = { type: "custom", value: 1.5, dimensions: { metric_name: "curl", n: 1, ok: true } };
    const args = ["--http2-prior-knowledge", "--protocol", protocol, "--header", `X-API-Key: ${WRITER_KEY}`];
    const data = JSON.stringify({ service: "test", metrics: [metric, { type: "no" }] });
    const url = `${service.url}/mcp.metrics.v1.MetricsService/Submit`;
    const { stdout } = await execute(BUF, ["curl", ...args, "--data", data, url], { timeout: 30_000 });
    const answer = JSON.parse(stdout);
    assert.is(answer.accepted, 1);
    assert.is(answer.rejected, 1);
    assert.is(answer.rejections[0].field, "type");
    const [row] = rows.all("SELECT * FROM metrics");
    assert.is(row?.value, 1.5);
    assert.equal(JSON.parse(String(row?.dimensions)), metric.dimensions);
    rows.close();
    await service.close();
  });
}

test("buf curl finds the health service by reflection, and calls it without a key", async () => {
  const service = await startTestService();
  const args = ["curl", "--http2-prior-knowledge", "--protocol", "grpc"];
  const listed = await execute(BUF, [...args, "--list-methods", service.url], { timeout: 30_000 });
  for (const method of ["grpc.health.v1.Health/Check", "mcp.metrics.v1.AdminService/CreateKey"])
    assert.match(listed.stdout, method);
  const checked = await execute(BUF, [...args, `${service.url}/grpc.health.v1.Health/Check`], {
    timeout: 30_000,
  });
  assert.equal(JSON.parse(checked.stdout), { status: "SERVING" });
  await service.close();
});

test.run();
