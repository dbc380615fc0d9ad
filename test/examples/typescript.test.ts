import { join } from "node:path";
import { test } from "uvu";
import { CLIENT_SAYS, checkExample, EXAMPLES } from "./check-example.ts";

test("the TypeScript example does what it says", () =>
  checkExample({ program: process.execPath, args: [join(EXAMPLES, "typescript/main.ts")] }, CLIENT_SAYS));

test.run();
