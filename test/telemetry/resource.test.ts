import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeResource, toLabels } from "../../src/telemetry/resource.ts";
import { startTestService } from "../support/service.ts";
import { open } from "./open-telemetry.ts";
import { openReceiver } from "./otlp-receiver.ts";
import { parseScrape, select } from "./scrape.ts";

const SERVICE = { serviceName: "metrics", serviceVersion: "1.0.0", instanceId: "7" };

test("the operator's attributes win over version and instance, not over the name chosen beside them", () => {
  const resourceAttributes = { "service.instance.id": "pod-1", "service.name": "x", region: "eu" };
  assert.equal(describeResource({ ...SERVICE, resourceAttributes }), {
    "service.name": "metrics",
    "service.version": "1.0.0",
    "service.instance.id": "pod-1",
    region: "eu",
  });
});

const LABEL_CASES: readonly { name: string; attributes: Record<string, string>; labels: object }[] = [
  { name: "dots and dashes", attributes: { "k8s.pod-name": "p" }, labels: { k8s_pod_name: "p" } },
  { name: "letters beyond ASCII", attributes: { räum: "r" }, labels: { r_um: "r" } },
  { name: "a reserved prefix", attributes: { __name__: "n" }, labels: { _name_: "n" } },
  { name: "a digit in front", attributes: { "1st": "a" }, labels: { key_1st: "a" } },
  { name: "names alike", attributes: { a_b: "2", "a.b": "1", "a..b": "0" }, labels: { a_b: "0;1;2" } },
];

for (const { name, attributes, labels } of LABEL_CASES) {
  test(`every resource attribute makes a label that Prometheus takes: ${name}`, () => {
    assert.equal(Object.fromEntries(toLabels(attributes)), labels);
  });
}

test("odd names of attributes leave an exposition that a strict parser reads", async () => {
  const resourceAttributes = { "a.b": "1", a_b: '2"\n', "0": "\\", é: "", __proto__x: "y" };
  const telemetry = open({ resourceAttributes });
  const [info] = select(await telemetry.scrape(), "target_info");
  assert.is(info?.labels.a_b, '1;2"\n');
  assert.is(info?.labels.key_0, "\\");
  await telemetry.shutdown();
});

test("OTEL_RESOURCE_ATTRIBUTES reach target_info and every OTLP receiver", async () => {
  const receiver = await openReceiver();
  const { service, prometheusUrl, close } = await startTestService({
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test%2C1,service.name=edge",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  });
  assert.type(service.port, "number");
  const [info] = select(parseScrape(await (await fetch(prometheusUrl)).text()), "target_info");
  assert.is(info?.labels.deployment_environment, "test,1");
  assert.is(info?.labels.service_name, "edge");
  // The last export comes with the end.
  await close();
  assert.is(receiver.resource.get("deployment.environment"), "test,1");
  assert.is(receiver.resource.get("service.name"), "edge");
  await receiver.close();
});

test.run();
