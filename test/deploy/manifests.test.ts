import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { DEPLOY } from "./dashboard.ts";

// biome-ignore lint/suspicious/noExplicitAny: what YAML holds, these tests find out
const read = (file: string): any => parse(readFileSync(`${DEPLOY}${file}`, "utf8"), { merge: true });
const packageVersion = JSON.parse(readFileSync(`${DEPLOY}../package.json`, "utf8")).version as string;
const dockerfile = readFileSync(`${DEPLOY}../Dockerfile`, "utf8");

const compose = read("compose.yml");
const service = read("kubernetes/service.yaml");
const statefulSet = read("kubernetes/stateful-set.yaml");
const pod = statefulSet.spec.template.spec;
const [container] = pod.containers;

test("compose: the service, Prometheus and Grafana start one after the other became healthy", () => {
  assert.equal(Object.keys(compose.services), ["mcp-metrics", "prometheus", "grafana"]);
  assert.match(dockerfile, "HEALTHCHECK", "the service's own stands in its image");
  for (const name of ["prometheus", "grafana"]) assert.ok(compose.services[name].healthcheck.test, name);
  assert.is(compose.services.prometheus.depends_on["mcp-metrics"].condition, "service_healthy");
  assert.is(compose.services.grafana.depends_on.prometheus.condition, "service_healthy");
});

test("the image has what health checks call, ours and the predecessor's, and the command by its name", () => {
  const [, checked] = /HEALTHCHECK .*\\\n\s*CMD \["(\w+)"/.exec(dockerfile) ?? [];
  const [, base] = /^FROM node:\S+\nLABEL([\s\S]*?)^USER node$/m.exec(dockerfile) ?? [];
  assert.is(checked, "node", "which the base image brings");
  const [, installed = ""] = /apt-get install --yes --no-install-recommends ([\w ]+)/.exec(base ?? "") ?? [];
  assert.ok(installed.split(" ").includes("curl"));
  const [, target = ""] = /ln -s \/app\/(\S+) \/usr\/local\/bin\/mcp-metrics/.exec(base ?? "") ?? [];
  const program = `${DEPLOY}../${target}`;
  assert.match(readFileSync(program, "utf8"), /^#!\/usr\/bin\/env node\n/);
  assert.is(statSync(program).mode & 0o111, 0o111, "its mode is that of the repository");
});

test("compose: images are pinned, and what is mounted exists", () => {
  for (const { image, volumes = [] } of Object.values<{ image?: string; volumes?: string[] }>(
    compose.services,
  )) {
    if (image !== undefined) assert.match(image, /:v?\d+\.\d+\.\d+$/);
    for (const volume of volumes) {
      const [source = ""] = volume.split(":");
      if (source.startsWith(".")) assert.ok(existsSync(join(DEPLOY, source)), source);
      else assert.ok(source in compose.volumes, source);
    }
  }
  assert.ok(existsSync(join(DEPLOY, compose.services["mcp-metrics"].build, "Dockerfile")));
});

test("compose: nobody but this machine reaches Prometheus and Grafana, and nobody the scrape port", () => {
  for (const name of ["prometheus", "grafana"]) {
    for (const port of compose.services[name].ports) assert.match(port, /^127\.0\.0\.1:/);
  }
  assert.equal(compose.services["mcp-metrics"].ports, ["8890:8890"]);
});

test("Prometheus and Grafana find each other by the names of the compose file", () => {
  const [job] = read("prometheus/prometheus.yml").scrape_configs;
  assert.equal(job.static_configs, [{ targets: ["mcp-metrics:9465"] }]);
  const [source] = read("grafana/provisioning/datasources/prometheus.yml").datasources;
  assert.is(source.url, "http://prometheus:9090");
  const [provider] = read("grafana/provisioning/dashboards/dashboards.yml").providers;
  const mounted = compose.services.grafana.volumes.map((volume: string) => volume.split(":")[1]);
  assert.ok(mounted.includes(provider.options.path));
  const home = compose.services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH;
  assert.is(dirname(home), provider.options.path);
});

test("Kubernetes: one pod at a time, found by the service, of this version", () => {
  assert.is(statefulSet.spec.replicas, 1);
  const { labels } = statefulSet.spec.template.metadata;
  assert.equal(statefulSet.spec.selector.matchLabels, labels);
  assert.equal(service.spec.selector, labels);
  const ports = new Map(
    container.ports.map((port: { name: string; containerPort: number }) => [port.name, port.containerPort]),
  );
  for (const { port, targetPort } of service.spec.ports) assert.is(ports.get(targetPort), port);
  const { resources, images } = read("kubernetes/kustomization.yaml");
  for (const file of resources) assert.ok(existsSync(`${DEPLOY}kubernetes/${file}`), file);
  assert.is(images[0].name, container.image);
  assert.is(images[0].newTag, packageVersion);
});

test("Kubernetes: not as root, on a root that cannot be written, without a capability", () => {
  assert.is(pod.securityContext.runAsNonRoot, true);
  assert.is(pod.automountServiceAccountToken, false);
  assert.equal(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assert.match(dockerfile, "USER node");
});

test("Kubernetes: no Service of the namespace becomes a setting", () => {
  assert.is(pod.enableServiceLinks, false);
});

test("Kubernetes: readiness and start ask for storage, liveness does not", () => {
  assert.is(container.readinessProbe.httpGet.path, "/health/ready");
  assert.is(container.startupProbe.httpGet.path, "/health/ready");
  assert.is(container.livenessProbe.httpGet.path, "/health");
  assert.ok(pod.terminationGracePeriodSeconds > 10, "longer than SHUTDOWN_TIMEOUT_SECONDS");
});

test("Kubernetes: the database is on the volume", () => {
  const path = container.env.find(({ name }: { name: string }) => name === "SQLITE_DB_PATH").value;
  const mount = container.volumeMounts.find(({ name }: { name: string }) => name === "data").mountPath;
  assert.ok(path.startsWith(`${mount}/`));
  const [{ metadata, spec }] = statefulSet.spec.volumeClaimTemplates;
  assert.is(metadata.name, "data");
  assert.ok(spec.resources.requests.storage);
});

test.run();
