/** A program of a host, as it reads in the host's project: compiled, bundled and run by the tests. */
import {
  DirectoryClient,
  type DirectoryError,
  MetricsClient,
  MetricsCollector,
  metricsMiddleware,
  type Problem,
  ProtocolFlow,
} from "mcp-metrics/client";

declare const settings: { url: string; apiKey: string; transport: "connect" | "grpc" };

const problems: Problem[] = [];
const client: MetricsClient = new MetricsClient({
  ...settings,
  service: "host",
  onProblem: (problem) => {
    problems.push(problem);
  },
});
client.emitAuth({ success: true, method: "oauth2", durationMs: 3 });
client.emitToolExecution({ success: false, toolName: "search", errorCode: "timeout", metadata: { id: [1] } });
client.emitCustom({ name: "sessions", value: 12, dimensions: { region: "eu", nothing: undefined } });
const collector = new MetricsCollector(client);
collector.updatePerServerTools({ github: 3 });
collector.recordToolInvocation("github.search", 0.25);
collector.close();
const handler = metricsMiddleware(collector).wrap(() => undefined);
const flow = new ProtocolFlow(client);
flow.record("session", "initialize", "github");
flow.record("session", "tools/list");
const directory = new DirectoryClient({
  url: settings.url,
  apiKey: settings.apiKey,
  secret: "a-secret-of-the-host",
});
const unknown: unknown = await directory.collect("nobody", []).catch((error: DirectoryError) => error.status);
if (typeof unknown !== "number") throw new Error(`no answer: ${unknown}`);
await client.flush({ timeoutMs: 20_000 });
const { accepted }: { readonly accepted: number } = client.counts;
if (accepted !== 7 || handler === undefined)
  throw new Error(`${accepted} accepted: ${JSON.stringify(problems)}`);
