/** A composer beside the demo's gateway: four servers, which it reports as an application with the client does. */
import { MetricsClient, MetricsCollector } from "../src/client/index.ts";
import { createRandom } from "./random.ts";

const TOOLS_OF = { github: 12, filesystem: 8, postgres: 5, sentry: 4 };
const TOOLS = ["github.search", "github.create_issue", "filesystem.read", "postgres.query", "sentry.issues"];
const ENDPOINTS = ["/mcp", "/api/v1/tools/{id}", "/api/v1/servers/{id}/tools"];
const ERROR_SHARE = 0.03;

export function createDemoComposer(url: string, apiKey: string, seed: number) {
  const random = createRandom(seed);
  const sender = { service: "composer", version: "1.0.0", instanceId: "composer-1" };
  const client = new MetricsClient({ url, apiKey, ...sender });
  const collector = new MetricsCollector(client);
  const servers = Object.keys(TOOLS_OF);

  function start(): void {
    collector.initialize(sender.version, process.platform);
    for (const server of servers) collector.recordServerStart(server);
    collector.updatePerServerTools(TOOLS_OF);
    const tools = Object.values(TOOLS_OF).reduce((sum, count) => sum + count);
    collector.updateCapabilityCounts(tools, 3, 6);
    collector.updateServerCounts(servers.length, servers.length, 0, 0);
  }

  /** What a client asks of it: an HTTP request that calls a tool. */
  function serve(): void {
    const isFailing = random.chance(ERROR_SHARE);
    const seconds = random.logNormal(0.08, 1);
    const [requestBytes, responseBytes] = [random.logNormal(400, 1), random.logNormal(2500, 1.3)];
    collector.recordToolInvocation(random.pick(TOOLS), seconds, !isFailing, "timeout");
    const status = isFailing ? 504 : 200;
    const sizes = [Math.round(requestBytes), Math.round(responseBytes)] as const;
    collector.recordHttpRequest("POST", random.pick(ENDPOINTS), status, seconds + 0.003, ...sizes);
  }

  start();
  return {
    /** Have it serve so many requests, and say what its process uses. */
    serve(requests: number): void {
      for (let left = requests; left > 0; left -= 1) serve();
      const { rss } = process.memoryUsage();
      if (requests > 0) collector.updateProcessUsage(rss / 2 ** 20, 5 + random.below(20));
    },
    /** Send what waits, then no more. Resolves to how many metrics were stored, and how many were not. */
    async close(): Promise<{ readonly accepted: number; readonly failed: number }> {
      collector.close();
      await client.close();
      const { accepted, rejected, dropped } = client.counts;
      return { accepted, failed: rejected + dropped };
    },
  };
}
