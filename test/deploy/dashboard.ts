import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));

export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: {
    readonly defaults: { readonly thresholds?: { readonly steps: readonly Threshold[] } };
  };
}

interface Threshold {
  readonly color: string;
  readonly value: number | null;
}

export interface GrafanaDashboard {
  readonly title: string;
  readonly refresh: string;
  readonly time: { readonly from: string };
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
}

export function readDashboard(): GrafanaDashboard {
  const file = `${DEPLOY}grafana/dashboards/mcp-analytics-comprehensive.json`;
  return JSON.parse(readFileSync(file, "utf8")) as GrafanaDashboard;
}

/** The panels that show something; the others are headings. */
export function panelsOf(dashboard: GrafanaDashboard): readonly Panel[] {
  return dashboard.panels.filter(({ type }) => type !== "row");
}

/** A query as Grafana sends it: variables in their place, everything where none is given. */
export function interpolate(expression: string, variables: Readonly<Record<string, string>> = {}): string {
  return expression
    .replaceAll("$__rate_interval", "1m")
    .replaceAll("$__range", "1m")
    .replace(/\$(\w+)/g, (_, name: string) => variables[name] ?? ".*");
}
