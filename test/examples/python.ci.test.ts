import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { preparedFolder } from "../support/prepared-folder.ts";
import { PACKAGES, pythonTests } from "../support/python.ts";
import { CLIENT_SAYS, checkExample, EXAMPLES, generated, readExample } from "./check-example.ts";

const FOLDER = join(EXAMPLES, "python");
const RECIPE = ["python/buf.gen.yaml", "python/protoc_gen_python.py"].map(readExample);

const pythonTest = await pythonTests(test);

pythonTest("the gRPC example does what it says, beside another package called mcp", async ({ python }) => {
  const path = `${dirname(python)}:${process.env.PATH}`;
  const folder = await generated("python", [...PACKAGES, ...RECIPE], undefined, path);
  const others = await preparedFolder("python-mcp", [], async (partial) => {
    mkdirSync(join(partial, "mcp"), { recursive: true });
    writeFileSync(join(partial, "mcp/__init__.py"), "");
  });
  const env = { PYTHONPATH: `${folder}/gen:${others}`, GRPC_VERBOSITY: "NONE" };
  await checkExample({ program: python, args: [join(FOLDER, "grpc_client.py")], env }, CLIENT_SAYS);
});

pythonTest("the HTTP example does what it says", ({ python }) =>
  checkExample({ program: python, args: [join(FOLDER, "http_client.py")] }, CLIENT_SAYS),
);

test("the examples are tested with the versions that their requirements name", () => {
  for (const line of readExample("python/requirements.txt").trim().split("\n")) {
    assert.ok(PACKAGES.includes(line), line);
  }
});

test.run();
