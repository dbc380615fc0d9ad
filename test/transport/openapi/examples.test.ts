/** Whoever copies an example from the document gets what the document says. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ADMIN_KEY } from "../../support/service.ts";
import { type DescribedService, exampleCall, startDescribedService } from "./described-service.ts";

const test = suite<DescribedService>("examples of /openapi.json");

test.before(async (context) => {
  const described = await startDescribedService();
  const key = {
    service: "test",
    role: "writer",
    rateLimit: 1,
    allowedServices: [],
    expiresMs: undefined,
  } as const;
  // Two keys that the examples can rotate and revoke.
  for (const description of ["third", "fourth"])
    await described.service.service.keys.create({ ...key, description });
  Object.assign(context, described);
});
test.after(({ service }) => service.close());

/** One names a folder of the operator's machine, the other ends with its connection only. */
const NOT_HERE = ["/mcp.metrics.v1.AdminService/Backup", "/grpc.health.v1.Health/Watch"];

test("every operation's example works as it stands, and is answered as it says", async ({
  operations,
  ask,
}) => {
  for (const described of operations.filter(({ path }) => !NOT_HERE.includes(path))) {
    const { status, text } = await ask(exampleCall(described, ADMIN_KEY));
    assert.is(status, 200, `${described.method} ${described.path}: ${text.slice(0, 300)}`);
  }
});

test("every example of a body, and of a failure, is what its own schema describes", ({ document, judge }) => {
  let judged = 0;
  function visit(node: unknown, pointer: string): void {
    if (typeof node !== "object" || node === null) return;
    if ("schema" in node && "examples" in node) {
      for (const { value } of Object.values(node.examples as Record<string, { value: unknown }>)) {
        judged += 1;
        assert.equal(judge.value(`${pointer}/schema`, value), [], `${pointer}: ${JSON.stringify(value)}`);
      }
    }
    for (const [name, child] of Object.entries(node)) {
      visit(child, `${pointer}/${encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))}`);
    }
  }
  visit(document.paths, "/paths");
  visit(document.components.responses, "/components/responses");
  assert.ok(judged > 100, `${judged} examples`);
});

test.run();
