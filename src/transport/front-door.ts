import { readFileSync } from "node:fs";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { DirectoryService } from "../../gen/mcp/directory/v1/directory_service_pb.js";
import { AdminService } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { MetricsService } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { QueryService } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { MetricsService as Otlp } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type { Admit } from "../access/admission.ts";
import type { RequestIdentity } from "../access/call.ts";
import type { AnsweredCall } from "../access/usage-log.ts";
import type { AdmitVisit } from "../access/visits.ts";
import type { Administration } from "../api/admin/administration.ts";
import type { Backup } from "../api/admin/backup.ts";
import type { Composer } from "../api/composer/composer.ts";
import type { Directory } from "../api/directory/directory.ts";
import type { ExportMetrics } from "../api/export-metrics.ts";
import type { Flush } from "../api/flush.ts";
import type { CheckReadiness } from "../api/health.ts";
import type { Queries } from "../api/query/queries.ts";
import type { Submit } from "../api/submit.ts";
import type { Config } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import { createClientAddress } from "./http/client-address.ts";
import { createCors } from "./http/cors.ts";
import type { Exchange } from "./http/exchange.ts";
import { createRestHandler } from "./http/rest-handler.ts";
import { type Answered, createRouter } from "./http/router.ts";
import { type Listener, openListener } from "./listener/listener.ts";
import { withApiDocument } from "./pages/api-routes.ts";
import { dashboardRoutes } from "./pages/dashboard.ts";
import { createPrometheusEndpoint } from "./pages/prometheus-endpoint.ts";
import { createRestRoutes } from "./rest/metrics/routes.ts";
import { adminServiceRoutes } from "./rpc/admin-service.ts";
import { createAuthInterceptor, ruleOf } from "./rpc/auth-interceptor.ts";
import { directoryServiceRoutes } from "./rpc/directory-service.ts";
import { grpcHealthRoutes } from "./rpc/grpc-health.ts";
import { metricsServiceRoutes } from "./rpc/metrics-service.ts";
import { otlpServiceRoutes } from "./rpc/otlp-service.ts";
import { queryServiceRoutes } from "./rpc/query-service.ts";
import { reflectionRoutes } from "./rpc/reflection.ts";
import { createRpcHandlers } from "./rpc/rpc-handler.ts";
import { createUnknownRpc } from "./rpc/unknown-rpc.ts";

export interface FrontDoorOptions {
  readonly config: Pick<Config, "server" | "tls" | "prometheus" | "ingest">;
  readonly clock: Clock;
  readonly admit: Admit;
  readonly admitVisit: AdmitVisit;
  readonly nextRequest: () => RequestIdentity;
  readonly submit: Submit;
  readonly exportMetrics: ExportMetrics;
  readonly flush: Flush;
  readonly checkReadiness: CheckReadiness;
  readonly queries: Queries;
  readonly composer: Composer;
  readonly directory: Directory;
  readonly administration: Administration;
  readonly backup: Backup;
  /** What the composers of a service report together, or those of all. */
  readonly exposeService: (
    service: string | undefined,
  ) => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly expose: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly isServing: () => boolean;
  readonly onServingChange: (listener: () => void) => () => void;
  readonly shutdownSignal: AbortSignal;
  readonly version: string;
  readonly onAnswered: (answered: Answered) => void;
  /** Called for answers of both ports. */
  readonly countUsage: (answered: AnsweredCall) => void;
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
  readonly onListenerError: (error: unknown) => void;
}

export interface FrontDoor {
  readonly port: number;
  readonly prometheusPort: number | undefined;
  /** How a process on this machine reaches the port. */
  readonly localUrl: string;
  /** Stop accepting and answer what is in flight. Resolves to how many requests were cut at the deadline. */
  close(deadlineMs: number): Promise<{ readonly aborted: number }>;
}

/** Open both ports: the one for everything, and the one for scrapes. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { config, clock } = options;
  const { host, port } = config.server;
  const tls = config.tls && {
    cert: readFileSync(config.tls.certFile),
    key: readFileSync(config.tls.keyFile),
  };
  const onError = options.onListenerError;
  const listener = await openListener({ host, port, tls, onRequest: createHandler(options), onError, clock });
  let prometheus: Listener | undefined;
  try {
    prometheus = await openPrometheus(options);
  } catch (error) {
    await listener.close(0);
    throw error;
  }
  const localHost = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const authority = localHost.includes(":") ? `[${localHost}]` : localHost;
  return {
    port: listener.port,
    prometheusPort: prometheus?.port,
    localUrl: `${tls === undefined ? "http" : "https"}://${authority}:${listener.port}`,
    async close(deadlineMs) {
      const [drained] = await Promise.all([listener.close(deadlineMs), prometheus?.close(deadlineMs)]);
      return drained;
    },
  };
}

function createHandler(options: FrontDoorOptions) {
  const { admit, onUnexpected, version } = options;
  const { requestBytesMax, corsOrigins, trustedProxies } = options.config.server;
  const { metricsPerRequestMax } = options.config.ingest;
  const common = {
    admit,
    admitVisit: options.admitVisit,
    clientAddress: createClientAddress(trustedProxies),
    bodyBytesMax: requestBytesMax,
    onUnexpected,
  };
  const authenticate = createAuthInterceptor(common);
  const rpc = createRpcs(options, authenticate);
  const rest = new Map([...createRestRoutes({ ...options, metricsPerRequestMax }), ...dashboardRoutes()]);
  return createRouter({
    rest: withApiDocument(rest, rpc, { version, metricsPerRequestMax }),
    handleRest: createRestHandler(common),
    rpc,
    unknownRpc: createUnknownRpc(authenticate),
    cors: createCors(corsOrigins),
    nextRequest: options.nextRequest,
    monotonicMs: options.clock.monotonicMs,
    onAnswered(answered) {
      options.onAnswered(answered);
      options.countUsage(answered);
    },
    onUnexpected,
  });
}

function createRpcs(options: FrontDoorOptions, authenticate: ReturnType<typeof createAuthInterceptor>) {
  const { shutdownSignal: signal, isServing, onServingChange: onChange } = options;
  const { requestBytesMax, reflection } = options.config.server;
  const services = [MetricsService, QueryService, AdminService, DirectoryService, Otlp];
  return createRpcHandlers({
    routes: [
      metricsServiceRoutes(options),
      queryServiceRoutes(options.queries, signal),
      adminServiceRoutes(options),
      directoryServiceRoutes(options.directory),
      otlpServiceRoutes(options.exportMetrics),
      grpcHealthRoutes({ services, isServing, onChange, signal }),
      ...(reflection ? [reflectionRoutes({ services: [...services, Health], signal })] : []),
    ],
    ruleOf,
    authenticate,
    bodyBytesMax: requestBytesMax,
  });
}

async function openPrometheus(options: FrontDoorOptions): Promise<Listener | undefined> {
  const { isEnabled, host, port, auth } = options.config.prometheus;
  if (!isEnabled) return undefined;
  const { expose, nextRequest, countUsage, clock } = options;
  const admit = auth === "key" ? options.admit : undefined;
  const { monotonicMs } = clock;
  const onRequest = createPrometheusEndpoint({
    expose,
    admit,
    clientAddress: createClientAddress(options.config.server.trustedProxies),
    nextRequest,
    countUsage,
    monotonicMs,
  });
  return openListener({ host, port, onRequest, onError: options.onListenerError, clock });
}
