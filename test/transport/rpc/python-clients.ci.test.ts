/** The standard packages for Python, grpcio-status, grpcio-reflection and grpcio-health-checking, as clients. */
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { completeErrors } from "../../../src/transport/rpc/failures.ts";
import { grpcHealthRoutes } from "../../../src/transport/rpc/grpc-health.ts";
import { reflectionRoutes } from "../../../src/transport/rpc/reflection.ts";
import { startFailingService } from "../../support/failing-service.ts";
import { pythonTests, runPython } from "../../support/python.ts";
import { listenH2c } from "../../support/raw-rpc.ts";

const pythonTest = await pythonTests(test);

pythonTest("grpcio-status decodes ErrorInfo, RetryInfo and BadRequest", async (python) => {
  const { server } = await startFailingService();
  const read = (fault: string) => runPython(python, "error_client.py", `127.0.0.1:${server.port}`, fault);
  const domain = "mcp.metrics";
  assert.equal(await read("limited"), {
    code: "RESOURCE_EXHAUSTED",
    message: "slow down",
    error_info: { reason: "rate_limited", domain },
    retry_info: { retryDelay: "7s" },
  });
  const violation = { field: "metrics[0].value", reason: "out_of_range", description: "value out of range" };
  assert.equal(await read("invalid"), {
    code: "INVALID_ARGUMENT",
    message: "every metric is bad",
    error_info: { reason: "validation_failed", domain },
    bad_request: { fieldViolations: [violation] },
  });
  const verbose = await read("verbose");
  assert.is(verbose.code, "INVALID_ARGUMENT");
  assert.ok(verbose.bad_request.fieldViolations.length > 3);
  await server.close();
});

function serveReflection() {
  const { signal } = new AbortController();
  const reflect = reflectionRoutes({ services: [MetricsService, Health], signal });
  return listenH2c(
    connectNodeAdapter({
      routes(router) {
        reflect(router);
        router.service(MetricsService, {
          health: () => ({ status: "healthy", service: "metrics-collection" }),
        });
      },
      requestGate: (context) => completeErrors(context),
    }),
  );
}

pythonTest("grpcio-reflection resolves the service, and the call it builds is answered", async (python) => {
  const server = await serveReflection();
  const address = `127.0.0.1:${server.port}`;
  const { typeName } = MetricsService;
  assert.equal(await runPython(python, "reflection_client.py", address, typeName, "Health"), {
    services: [
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "mcp.metrics.v1.MetricsService",
    ],
    methods: MetricsService.methods.map(({ name }) => name).sort(),
    answer: { status: "healthy", service: "metrics-collection" },
    unknown: "not found",
  });
  await server.close();
});

async function serveHealth() {
  const listeners = new Set<() => void>();
  const routes = grpcHealthRoutes({
    services: [MetricsService],
    isServing: () => true,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    signal: new AbortController().signal,
  });
  const requestGate = completeErrors;
  return { server: await listenH2c(connectNodeAdapter({ routes, requestGate })), listeners };
}

pythonTest("grpcio-health-checking reads every answer", async (python) => {
  const { server, listeners } = await serveHealth();
  const service = MetricsService.typeName;
  const address = `127.0.0.1:${server.port}`;
  assert.equal(await runPython(python, "health_client.py", address, service), {
    server: "SERVING",
    service: "SERVING",
    unknown: "NOT_FOUND",
    list: { "": "SERVING", [service]: "SERVING" },
    watch: "SERVING",
    watch_unknown: "SERVICE_UNKNOWN",
  });
  while (listeners.size > 0) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
});

test.run();
