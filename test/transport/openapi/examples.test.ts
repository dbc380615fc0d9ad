/** Whoever copies an example from the document gets what the document says. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ADMIN_KEY } from "../../support/service.ts";
import { type Asked, type DescribedService, describeService, exampleCall } from "./described-service.ts";
import { NOT_TO_BE_TRIED, startExampleService } from "./example-service.ts";

const test = suite<DescribedService>("examples of /openapi.json");

test.before(async (context) => {
  Object.assign(context, await describeService(await startExampleService()));
});
test.after(({ service }) => service.close());

test("every operation's example works as it stands, and is answered as it says", async ({
  operations,
  ask,
}) => {
  for (const described of operations.filter(({ path }) => !NOT_TO_BE_TRIED.includes(path))) {
    const { status, text } = await ask(exampleCall(described, ADMIN_KEY));
    assert.is(status, 200, `${described.method} ${described.path}: ${text.slice(0, 300)}`);
  }
});

const BAD = { type: "custom", dimensions: { metric_name: "queue" } };
const MIXED = {
  service: "test",
  // Draws a warning.
  version: "newest",
  metrics: [{ ...BAD, value: 1 }, BAD],
};

const FURTHER: readonly (Omit<Asked, "headers" | "body"> & {
  readonly name: string;
  readonly body?: object;
})[] = [
  { name: "a partial rejection with a warning", method: "POST", path: "/metrics", body: MIXED },
  {
    name: "the same through an RPC",
    method: "POST",
    path: "/mcp.metrics.v1.MetricsService/Submit",
    body: MIXED,
  },
  {
    name: "what clients send that write their bodies by hand",
    method: "POST",
    path: "/metrics",
    body: {
      service: "test",
      version: null,
      instance_id: null,
      metrics: [
        { ...BAD, value: "1.5", duration_ms: null, timestamp: "2020-01-01T00:00:00.5", metadata: null },
      ],
    },
  },
  { name: "a cleanup of every table", method: "POST", path: "/admin/retention/cleanup" },
  {
    name: "a cleanup that deletes",
    method: "POST",
    path: "/admin/retention/cleanup",
    body: { dry_run: false },
  },
  {
    name: "a preview of one table",
    method: "GET",
    path: "/admin/retention/preview",
    url: "/admin/retention/preview?table_name=metrics",
  },
  {
    name: "an export of one type",
    method: "GET",
    path: "/api/export.csv",
    url: "/api/export.csv?type=custom",
  },
];

for (const { name, body, ...asked } of FURTHER) {
  test(`${name} is answered as it is described`, async ({ ask, validator }) => {
    const headers = { "x-api-key": ADMIN_KEY, ...(body && { "content-type": "application/json" }) };
    const { status, text } = await ask({ ...asked, headers, ...(body && { body: JSON.stringify(body) }) });
    assert.is(status, 200, text);
    // What is taken whole, the document must allow to be sent.
    if (body === undefined || body === MIXED) return;
    const pointer = `/paths/${encodeURIComponent(asked.path.replaceAll("/", "~1"))}/post/requestBody`;
    assert.equal(validator.value(`${pointer}/content/application~1json/schema`, body), []);
  });
}

test("a repeated submission is answered as it is described", async ({ ask }) => {
  const headers = { "x-api-key": ADMIN_KEY, "content-type": "application/json", "idempotency-key": "again" };
  const call = { method: "POST", path: "/metrics", headers, body: JSON.stringify(MIXED) };
  assert.not(JSON.parse((await ask(call)).text).duplicate);
  assert.ok(JSON.parse((await ask(call)).text).duplicate);
});

test("every example of a body, and of a failure, is what its own schema describes", ({
  document,
  validator,
}) => {
  let found = 0;
  function visit(node: unknown, pointer: string): void {
    if (typeof node !== "object" || node === null) return;
    if ("schema" in node && "examples" in node) {
      for (const { value } of Object.values(node.examples as Record<string, { value: unknown }>)) {
        found += 1;
        assert.equal(validator.value(`${pointer}/schema`, value), [], `${pointer}: ${JSON.stringify(value)}`);
      }
    }
    for (const [name, child] of Object.entries(node)) {
      visit(child, `${pointer}/${encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))}`);
    }
  }
  visit(document.paths, "/paths");
  visit(document.components.responses, "/components/responses");
  assert.ok(found > 100, `${found} examples`);
});

test.run();
