import { ASTRAL, DOOR, type DoorCase, GOOD_METRIC, single } from "./door-case.ts";

const metrics = [GOOD_METRIC];

function fails(name: string, send: object, problem: string, error: string): DoorCase {
  const expect = { failure: "validation_failed", problems: [problem], errors: [error] };
  return single(name, { service: "test", metrics, ...send }, expect);
}

function passes(name: string, send: object, row: object = {}): DoorCase {
  return single(name, { service: "test", metrics, ...send }, { rows: { metrics: [{ ...row }] } });
}

const NAME_RULE = "must contain only alphanumeric";

/** The envelope: what fails the call as a whole, and each limit at its edge. */
export const ENVELOPE_CASES: readonly DoorCase[] = [
  fails("no service", { service: null }, "service required", "Service name is required"),
  fails("an empty service", { service: "" }, "service required", "Service name is required"),
  passes("a service of 100 characters", { service: "s".repeat(100) }, { service: "s".repeat(100) }),
  fails("a service of 101", { service: "s".repeat(101) }, "service too_long", "Service name too long"),
  passes("a service of every allowed kind", { service: "aZ09_-" }, { service: "aZ09_-" }),
  ...["te st", "test\n", "test\0", "tést", "a.b", "a/b", "'; DROP TABLE metrics; --", ASTRAL].map((service) =>
    fails(`the service ${JSON.stringify(service)}`, { service }, "service invalid_characters", NAME_RULE),
  ),
  passes("an empty version", { version: "" }, { service_version: null }),
  passes("a version of null", { version: null }, { service_version: null }),
  fails("a version of 101 characters", { version: "1".repeat(101) }, "version too_long", "version too long"),
  fails("a version with a NUL", { version: "1.2.3\0" }, "version invalid", "without control characters"),
  ...[
    { version: "1".repeat(100) },
    { version: ASTRAL.repeat(100) },
    { version: "latest" },
    { version: "1.2" },
    { version: "1.2.3.4" },
  ].map(({ version }) =>
    single(
      `the version ${JSON.stringify(version.slice(0, 12))} (${version.length} units) with a warning`,
      { service: "test", version, metrics },
      { warnings: ["semantic versioning"], rows: { metrics: [{ service_version: version }] } },
    ),
  ),
  ...["1.2.3", "v1.2.3", "1.2.3-rc.1+build.5"].map((version) =>
    passes(`the version ${version}`, { version }, { service_version: version }),
  ),
  passes(
    "an instance id of 100 characters",
    { instance_id: "i".repeat(100) },
    { instance_id: "i".repeat(100) },
  ),
  passes("an empty instance id", { instance_id: "" }, { instance_id: null }),
  ...["i".repeat(101), "pod 1", "pod\n", "pöd"].map((instance_id) =>
    fails(
      `the instance id ${JSON.stringify(instance_id.slice(0, 10))} (${instance_id.length})`,
      { instance_id },
      "instance_id invalid",
      NAME_RULE,
    ),
  ),
  fails("no metrics", { metrics: null }, "metrics required", "At least one metric is required"),
  fails("an empty list of metrics", { metrics: [] }, "metrics required", "At least one metric is required"),
  single(
    "100 metrics",
    { service: "test", metrics: Array(100).fill(GOOD_METRIC) },
    { rows: { metrics: Array(100).fill({ value: 1 }) } },
  ),
  ...[101, 1024].map((count) =>
    single(
      `${count} metrics, of which the first 100 are stored`,
      { service: "test", metrics: Array(count).fill(GOOD_METRIC) },
      {
        accepted: 100,
        problems: ["metrics[100] too_many"],
        errors: [`Too many metrics in request: ${count}, max 100`],
        rows: { metrics: Array(100).fill({ value: 1 }) },
      },
    ),
  ),
  single(
    "102 metrics with bad ones among the first and beyond",
    {
      service: "test",
      metrics: [{ ...GOOD_METRIC, value: null }, ...Array(100).fill(GOOD_METRIC), { type: "no" }],
    },
    {
      accepted: 99,
      problems: ["metrics[0].value required", "metrics[100] too_many"],
      errors: ["Too many metrics in request: 102, max 100"],
    },
  ),
  passes("an idempotency key of 255 characters", { idempotency_key: DOOR + "k".repeat(254) }),
  ...["k".repeat(256), "tab\t", "é", "\0"].map((idempotency_key) =>
    fails(
      `the idempotency key ${JSON.stringify(idempotency_key.slice(0, 5))} (${idempotency_key.length})`,
      { idempotency_key },
      "idempotency_key invalid",
      "printable ASCII",
    ),
  ),
  single(
    "several broken rules of the envelope, each named",
    { service: "a b", version: "1".repeat(101), metrics: [] },
    {
      failure: "validation_failed",
      problems: ["service invalid_characters", "version too_long", "metrics required"],
      errors: [NAME_RULE, "version too long", "At least one metric is required"],
    },
  ),
];
