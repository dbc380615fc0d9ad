import { test } from "uvu";
import * as assert from "uvu/assert";
import { METRIC_TYPES } from "../../src/catalogue/catalogue.ts";
import { panelsOf, readDashboard } from "./dashboard.ts";

const dashboard = readDashboard();
const panels = panelsOf(dashboard);
/** The variable that filters by a label. */
const VARIABLES = {
  service: "service",
  server: "server",
  server_name: "server",
  method: "method",
  client_name: "client",
};
const LABELS = new Map(
  METRIC_TYPES.flatMap(({ instruments }) =>
    instruments.map(({ name, labels }) => [name, ["service", ...labels]] as const),
  ),
);

test("the dashboard is as the specification has it", () => {
  assert.is(dashboard.title, "MCP Analytics Comprehensive");
  assert.is(dashboard.refresh, "30s");
  assert.is(dashboard.time.from, "now-1h");
  const titles = panels.map(({ title }) => title);
  for (const title of [
    "Real-time Protocol Activity",
    "Authentication Flow Analysis",
    "Authentication Success Rate",
    "Tool Execution Latency",
    "Top Tools by Usage",
    "Protocol Flow Latency",
  ]) {
    assert.ok(titles.includes(title), title);
  }
  assert.is(new Set(titles).size, titles.length, "titles are unique");
});

test("the success rate is red below 85 %, orange below 95 %, then green", () => {
  const panel = panels.find(({ title }) => title === "Authentication Success Rate");
  const steps = panel?.fieldConfig?.defaults.thresholds?.steps.map(({ color, value }) => [value, color]);
  assert.equal(steps, [
    [null, "red"],
    [0.85, "orange"],
    [0.95, "green"],
  ]);
});

for (const { title, targets = [], description = "" } of panels) {
  test(`"${title}" says what it shows, and filters by every variable that its metrics have a label for`, () => {
    assert.ok(description.length > 10, "a description");
    assert.ok(targets.length > 0, "a query");
    for (const { expr } of targets) {
      for (const [, metric = "", matchers = ""] of expr.matchAll(/\b(mcp_\w+)\{([^}]*)\}/g)) {
        const labels = LABELS.get(metric.replace(/_(bucket|sum|count)$/, ""));
        assert.ok(labels, `${metric} is exported`);
        for (const [label, variable] of Object.entries(VARIABLES)) {
          if (labels?.includes(label))
            assert.match(matchers, `${label}=~"$${variable}"`, `${metric} by ${label}`);
        }
      }
      assert.not.match(expr, /\bmcp_\w+(?![\w{])/, "no metric goes unfiltered");
    }
  });
}

test("every variable is one that panels use, with its values from a label", () => {
  const used = JSON.stringify(panels.map(({ targets }) => targets));
  for (const { name, type, definition = "" } of dashboard.templating.list) {
    if (type === "datasource") continue;
    assert.match(used, `$${name}`);
    assert.match(definition, /^label_values\(/);
  }
});

test("no panel covers another", () => {
  for (const [index, a] of dashboard.panels.entries()) {
    for (const b of dashboard.panels.slice(index + 1)) {
      const [p, q] = [a.gridPos, b.gridPos];
      const apart = p.x + p.w <= q.x || q.x + q.w <= p.x || p.y + p.h <= q.y || q.y + q.h <= p.y;
      assert.ok(apart, `${a.title} and ${b.title}`);
    }
  }
});

test.run();
