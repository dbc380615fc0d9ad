import { join } from "node:path";
import { test } from "uvu";
import { needing } from "../support/needs.ts";
import { checkExample, EXAMPLES } from "./check-example.ts";

needing(test, "curl")("the curl example does what it says", async () => {
  await checkExample({ program: join(EXAMPLES, "curl/submit.sh"), args: [] }, [
    /^submitted:\n\{"status":"success","accepted":2,"rejected":1,"errors":\["metrics\[2\]\.value: Metric value is required"\]/m,
    /^repeated, stored once:\n\{"status":"success","accepted":2,.*"duplicate":true/m,
    /"value":"fetch","statistics":\{[^}]*"count":1/,
  ]);
});

test.run();
