/**
 * What Kubernetes puts into the environment of every pod for each Service of its namespace ("service links",
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables), as Docker's old links
 * do: for one called `metrics`, METRICS_SERVICE_HOST, METRICS_SERVICE_PORT, METRICS_PORT=tcp://address:port and
 * METRICS_PORT_8890_TCP. Some of the names are settings of ours, and the values are none.
 */

const LINK_NAME = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const LINK_VALUE = /^(tcp|udp|sctp):\/\//;

/** What helps, whichever variable it is. */
const REMEDY = "set enableServiceLinks: false in the pod, or the variable itself";

/** Whether a variable that is no setting may be one of them. */
export function isServiceLink(name: string, value: string): boolean {
  return LINK_NAME.test(name) || LINK_VALUE.test(value);
}

/** Why a setting has a value that nobody would write, after `; `; empty where it is none of these. */
export function explainServiceLink(name: string, value: string): string {
  if (!LINK_VALUE.test(value)) return "";
  const service = name
    .replace(/_PORT$/, "")
    .toLowerCase()
    .replaceAll("_", "-");
  return `; Kubernetes set it for a Service called ${service}: ${REMEDY}`;
}

/**
 * What a Service called `metrics` does to the address and port that we listen on. Its address is valid as a
 * setting and never one of the pod, where binding fails without a hint; its port can be bound, and is the wrong
 * one unless it is the default.
 */
export function findMetricsService(
  env: Readonly<Record<string, string | undefined>>,
  defaultPort: string,
): { readonly problem?: string; readonly warning?: string } {
  const link = env.METRICS_PORT?.trim() ?? "";
  if (!LINK_VALUE.test(link) || !URL.canParse(link)) return {};
  const { hostname, port } = new URL(link);
  const host = env.METRICS_SERVICE_HOST?.trim();
  if (host !== undefined && host === hostname.replace(/^\[|\]$/g, "")) {
    const what = `${host} is the address of the Service called metrics, and none of this pod`;
    return { problem: `METRICS_SERVICE_HOST: ${what}; Kubernetes set it: ${REMEDY}` };
  }
  if (port === "" || port === defaultPort || env.METRICS_SERVICE_PORT?.trim() !== port) return {};
  const what = `${port} is the port of the Service called metrics, too`;
  return { warning: `METRICS_SERVICE_PORT: ${what}; if Kubernetes set it, ${REMEDY}` };
}
