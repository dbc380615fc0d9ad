/** METRICS_NAMING, as a whole service exports under it. */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Naming } from "../../src/telemetry/telemetry.ts";
import { storeMetrics } from "../support/http.ts";
import { startTestService } from "../support/service.ts";
import { openReceiver } from "./otlp-receiver.ts";
import { parseScrape } from "./scrape.ts";

const SERVER = "mcp_server_operation_duration_seconds";
const REPLACED = "mcp_tool_execution_duration_seconds";

/** The families of a service that was sent a bit of everything, in a scrape and in a push. */
async function exportedNames(naming: Naming | undefined) {
  const receiver = await openReceiver();
  const service = await startTestService({
    ...(naming === undefined ? {} : { METRICS_NAMING: naming }),
    OTEL_OTLP_ENDPOINT: receiver.url,
    OTEL_METRIC_EXPORT_INTERVAL: "3600000",
    OTEL_EXPORTER_OTLP_TIMEOUT: "5000",
  });
  const metric = {
    value: 1,
    duration_ms: 5,
    dimensions: { method: "tools/call", tool_name: "search", success: false },
    metadata: { error_code: "tool_error", input_size_bytes: 1, output_size_bytes: 2 },
  };
  const types = ["tool_execution", "auth_request", "registry_operation"];
  await storeMetrics(
    service.url,
    types.map((type) => ({ ...metric, type })),
    { service: "gateway" },
  );
  const scraped = parseScrape(await (await fetch(service.prometheusUrl)).text());
  // The last export leaves while the service stops.
  await service.close();
  await receiver.close();
  const about = (names: readonly string[]) =>
    [...new Set(names)].filter((name) => name.startsWith("mcp")).sort();
  return {
    scraped: about(scraped.map(({ family }) => family)),
    pushed: about(receiver.points.map(({ name }) => name)),
  };
}

test("legacy is the default and has none of it, both adds, and semconv replaces the duration alone", async () => {
  const [byDefault, legacy, both, semconv] = await Promise.all(
    ([undefined, "legacy", "both", "semconv"] as const).map(exportedNames),
  );
  assert.equal(byDefault, legacy);
  assert.ok(legacy?.scraped.includes(REPLACED));
  assert.equal(legacy?.scraped, legacy?.pushed);
  assert.equal(both?.scraped, [...(legacy?.scraped ?? []), SERVER].sort());
  assert.equal(both?.pushed, [...(legacy?.pushed ?? []), "mcp.server.operation.duration"].sort());
  assert.equal(
    semconv?.scraped,
    both?.scraped.filter((name) => name !== REPLACED),
  );
  assert.equal(
    semconv?.pushed,
    both?.pushed.filter((name) => name !== REPLACED),
  );
});

test.run();
