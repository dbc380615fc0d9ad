/** The services of keys have their names in the exposition, through every protocol that takes metrics. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { send, submitMetrics } from "../support/http.ts";
import { ALPHA_KEY, BETA_KEY, startTestService, TWO_SERVICES } from "../support/service.ts";
import { parseScrape, select } from "./scrape.ts";

type Submit = (url: string, service: string, key: string) => Promise<{ readonly status: number }>;

/** A gauge of one's own naming, as an OpenTelemetry SDK sends it in JSON. */
const exportOtlp: Submit = (url, service, key) => {
  const attributes = [{ key: "service.name", value: { stringValue: service } }];
  const dataPoints = [{ timeUnixNano: `${Date.now()}000000`, asDouble: 1 }];
  const scopeMetrics = [{ metrics: [{ name: "depth", unit: "1", gauge: { dataPoints } }] }];
  const body = { resourceMetrics: [{ resource: { attributes }, scopeMetrics }] };
  return send("POST", `${url}/v1/metrics`, { "x-api-key": key }, body);
};
const submitRest: Submit = (url, service, key) =>
  submitMetrics(url, [{ type: "custom", value: 1, dimensions: { metric_name: "depth" } }], { key, service });

for (const [name, submit] of Object.entries({ exportOtlp, submitRest })) {
  test(`${name}: a key's own service takes no place from another, and other names share those of their key`, async () => {
    const service = await startTestService({ ...TWO_SERVICES, METRICS_MAX_LABEL_CARDINALITY: "1" });
    for (const [key, own] of [
      [ALPHA_KEY, "alpha"],
      [BETA_KEY, "beta"],
    ] as const) {
      for (const each of [`${own}-first`, `${own}-second`, own])
        assert.is((await submit(service.url, each, key)).status, 200);
    }
    const samples = parseScrape(await (await fetch(service.prometheusUrl)).text());
    assert.equal(
      select(samples, "mcp_custom_metric")
        .map(({ labels, value }) => `${labels.service} ${value}`)
        .sort(),
      ["_other 2", "alpha 1", "alpha-first 1", "beta 1", "beta-first 1"],
    );
    await service.close();
  });
}

test.run();
