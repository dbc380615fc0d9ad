/** The OpenTelemetry SDK for Python, over restarts of the service: every total agrees. */
import { test } from "uvu";
import { pythonTests } from "../support/python.ts";
import { startPython } from "./sdk-application.ts";
import { overRestarts, TOTALS, withSession } from "./sdk-restarts.ts";

const pythonTest = await pythonTests(test);

for (const protocol of ["http", "grpc"]) {
  pythonTest(`Python, ${protocol}: ${TOTALS}`, (python) =>
    withSession((port, key) => startPython(python, protocol, port, key), overRestarts),
  );
}

test.run();
