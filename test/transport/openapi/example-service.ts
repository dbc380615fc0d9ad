import { registerServer } from "../../doors/callers.ts";
import { submitMetrics } from "../../support/http.ts";
import { NEW_KEY, startTestService, type TestService } from "../../support/service.ts";

/** Names a folder of the operator's machine, or ends with its connection only: cannot be tried as it stands. */
export const NOT_TO_BE_TRIED = ["/mcp.metrics.v1.AdminService/Backup", "/grpc.health.v1.Health/Watch"];

/** A service that has what the examples of /openapi.json speak of. */
export async function startExampleService(): Promise<TestService> {
  const service = await startTestService();
  // Two keys that the examples can rotate and revoke.
  for (const description of ["third", "fourth"])
    await service.service.keys.create({ ...NEW_KEY, description });
  // … and a server whose figures they can ask for.
  const started = { type: "server_start", value: 1, dimensions: { server_id: "github", status: "success" } };
  await submitMetrics(service.url, [started]);
  await registerServer(service.url);
  return service;
}
