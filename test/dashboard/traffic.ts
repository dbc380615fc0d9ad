/** A service with known traffic in it, for the dashboard to show. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import * as assert from "uvu/assert";
import { createWorkload } from "../../bench/workload.ts";
import { DirectoryService } from "../../gen/mcp/directory/v1/directory_service_pb.js";
import { QueryService } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { MINUTE_MS } from "../../src/lib/time.ts";
import { send, storeMetrics } from "../support/http.ts";
import { ADMIN_KEY, createReaderKey, startTestService, TWO_SERVICES } from "../support/service.ts";

export async function startWithKeys(env: Readonly<Record<string, string>> = {}) {
  const started = await startTestService({ ...TWO_SERVICES, ...env });
  return { ...started, readerKey: await createReaderKey(started) };
}

export async function submit(url: string, key: string, service: string, metrics: readonly object[]) {
  for (let at = 0; at < metrics.length; at += 100) {
    await storeMetrics(url, metrics.slice(at, at + 100), { key, service, version: "1.0.0" });
  }
  // Percentiles are exact until they are rolled up: whoever compares two answers wants both from the same.
  assert.is((await send("POST", `${url}/flush`, { "x-api-key": key })).status, 200);
}

/** What a gateway sends, spread over the last 50 minutes; the same for the same seed. */
export async function submitWorkload(url: string, key: string, service: string, count: number, seed = 1) {
  const workload = createWorkload(seed);
  const nowMs = Date.now();
  const metrics = Array.from({ length: count }, (_, at) => ({
    ...workload.next(),
    timestamp: nowMs - 50 * MINUTE_MS + Math.floor((at / count) * 45 * MINUTE_MS),
  }));
  await submit(url, key, service, metrics);
}

/** The same questions, asked without the page. */
export function queryClient(url: string, key = ADMIN_KEY) {
  return createClient(
    QueryService,
    createConnectTransport({
      baseUrl: url,
      httpVersion: "1.1",
      interceptors: [
        (next) => (request) => {
          request.header.set("x-api-key", key);
          return next(request);
        },
      ],
    }),
  );
}

const HOSTILE_NAME = "<b>Weather</b> \u202egnp";

/** Two servers of a directory: `weather` has two days of everything, `silent` nothing. */
export async function fillDirectory(url: string) {
  const transport = createConnectTransport({ baseUrl: url, httpVersion: "1.1" });
  const directory = createClient(DirectoryService, transport);
  const options = { headers: { "x-api-key": ADMIN_KEY } };
  await directory.registerServer({ serverId: "weather", name: HOSTILE_NAME, tools: ["forecast"] }, options);
  await directory.registerServer({ serverId: "silent", name: "Silent" }, options);
  const nowMs = Date.now();
  for (let at = 0; at < 96; at += 10) {
    const metrics = Array.from({ length: Math.min(10, 96 - at) }, (_, index) => {
      const timestamp = timestampFromMs(nowMs - (at + index) * 30 * MINUTE_MS - MINUTE_MS);
      return [
        { name: "response_time", type: "timer", value: 100 + at + index, timestamp },
        { name: "api_requests", type: "counter", value: 7, timestamp },
        { name: "memory_usage", type: "gauge", value: 256, timestamp },
        { name: "health_check", type: "gauge", value: (at + index) % 12 === 5 ? 0 : 1, timestamp },
        { name: "queue_depth", type: "gauge", value: at, timestamp },
      ];
    }).flat();
    await directory.collect({ serverId: "weather", metrics }, options);
  }
  await directory.trackUsage({ serverId: "weather", action: "install" });
  await directory.recordEvent({ serverId: "weather", eventType: "deployment", newValue: "2.0.0" }, options);
  return { directory, options, name: HOSTILE_NAME };
}
