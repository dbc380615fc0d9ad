import { test } from "uvu";
import * as assert from "uvu/assert";
import { openAdmin } from "./administered-service.ts";

const REFUSED: readonly { method: string; path: string; body?: object; status: number; detail: RegExp }[] = [
  {
    method: "GET",
    path: "/admin/retention/preview?table_name=x",
    status: 400,
    detail: /No retention policy found for table: x$/,
  },
  {
    method: "POST",
    path: "/admin/retention/cleanup?table_name=sources;",
    status: 400,
    detail: /No retention policy found for table: sources;/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/x%27?retention_days=1",
    status: 400,
    detail: /No retention policy found for table: x'/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/metrics",
    status: 422,
    detail: /retention_days or is_active is required/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/metrics?retention_days=0",
    status: 422,
    detail: /whole number from 1 to 36500/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/metrics?retention_days=36501",
    status: 422,
    detail: /whole number/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/metrics?retention_days=1.5",
    status: 422,
    detail: /whole number/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/metrics?retention_days=NaN",
    status: 422,
    detail: /must be a number/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/metrics?is_active=maybe",
    status: 400,
    detail: /true or false/,
  },
  {
    method: "PUT",
    path: "/admin/retention/policies/metrics?retention_days=5",
    body: { retention_days: 6 },
    status: 400,
    detail: /given twice/,
  },
  {
    method: "POST",
    path: "/admin/retention/cleanup?dry_run=false&dry_run=true",
    status: 400,
    detail: /given twice/,
  },
  { method: "POST", path: "/admin/retention/cleanup", body: [], status: 400, detail: /JSON object/ },
  { method: "PUT", path: "/admin/retention/policies/", status: 405, detail: /Method Not Allowed/ },
  { method: "PUT", path: "/admin/retention/policies/%ff", status: 404, detail: /Not Found/ },
  { method: "GET", path: "/admin/retention/policies/metrics", status: 405, detail: /Method Not Allowed/ },
  { method: "DELETE", path: "/admin/retention/preview", status: 405, detail: /Method Not Allowed/ },
];

test("what cannot be meant is rejected, with what and where, and changes nothing", async () => {
  const admin = await openAdmin();
  const before = await admin.send("GET", "/admin/retention/policies");
  for (const { method, path, body, status, detail } of REFUSED) {
    const answer = await admin.send(method, path, body);
    assert.is(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    assert.match(String(answer.body.detail), detail);
  }
  assert.equal((await admin.send("GET", "/admin/retention/policies")).body, before.body);
  await admin.close();
});

test.run();
