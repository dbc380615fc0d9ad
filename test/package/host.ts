/** A program of a host, as it reads in the host's project: compiled, bundled and run by the tests. */
import { MetricsClient, type Problem } from "mcp-metrics/client";

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
await client.flush({ timeoutMs: 20_000 });
const { accepted }: { readonly accepted: number } = client.counts;
if (accepted !== 3) throw new Error(`${accepted} accepted: ${JSON.stringify(problems)}`);
