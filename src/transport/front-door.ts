import { readFileSync } from "node:fs";
import { Health } from "../../gen/grpc/health/v1/health_pb.js";
import { DirectoryService } from "../../gen/mcp/directory/v1/directory_service_pb.js";
import { AdminService } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import { MetricsService } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { QueryService } from "../../gen/mcp/metrics/v1/query_service_pb.js";
import { MetricsService as Otlp } from "../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type { Admit } from "../access/admission.ts";
import type { AdmitAnonymous } from "../access/anonymous-access.ts";
import type { RequestIdentity } from "../access/call.ts";
import type { InFlight } from "../access/in-flight.ts";
import type { Sessions } from "../access/sessions.ts";
import type { AnsweredCall } from "../access/usage-log.ts";
import type { Operations } from "../api/operations.ts";
import type { Config } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import { createClientAddress } from "./http/client-address.ts";
import { createCors } from "./http/cors.ts";
import type { Exchange, OnRequest } from "./http/exchange.ts";
import { createSessionReader } from "./http/session-cookie.ts";
import type { Closings } from "./listener/closings.ts";
import { type Listener, openListener } from "./listener/listener.ts";
import { createPrometheusEndpoint } from "./pages/prometheus-endpoint.ts";
import { servicePages } from "./pages/routes.ts";
import { createRestHandler } from "./rest/handler.ts";
import { REST_ROUTES } from "./rest/routes.ts";
import { type Answered, createRouter } from "./router.ts";
import { adminServiceRoutes } from "./rpc/admin-service.ts";
import { createAdmitCall } from "./rpc/admit-call.ts";
import { createAuthInterceptor, ruleOf } from "./rpc/auth-interceptor.ts";
import { directoryServiceRoutes } from "./rpc/directory-service.ts";
import { grpcHealthRoutes } from "./rpc/grpc-health.ts";
import { metricsServiceRoutes } from "./rpc/metrics-service.ts";
import { otlpServiceRoutes } from "./rpc/otlp-service.ts";
import { queryServiceRoutes } from "./rpc/query-service.ts";
import { reflectionRoutes } from "./rpc/reflection.ts";
import { createRpcHandlers, type RpcOptions } from "./rpc/rpc-handler.ts";
import { createUnaryCalls } from "./rpc/unary/calls.ts";
import { createUnaryMethods } from "./rpc/unary/methods.ts";
import { createUnknownRpc } from "./rpc/unknown-rpc.ts";

/** What both ports are opened with. */
export interface FrontDoorOptions {
  /** Addresses, certificates and limits of the ports. */
  readonly config: Pick<Config, "server" | "tls" | "prometheus" | "ingest">;
  /** Times deadlines and answers. */
  readonly clock: Clock;
  /** Of the service, such as `1.0.0`; answers and pages say it. */
  readonly version: string;
  /** All that can be asked of the service. */
  readonly operations: Operations;
  /** Authenticates callers of what asks for a key. */
  readonly admit: Admit;
  /** … and those of what may be called without one. */
  readonly admitAnonymous: AdmitAnonymous;
  /** For browsers that stay signed in. */
  readonly sessions: Sessions;
  /** Bounds what is in flight with a body. */
  readonly inFlight: InFlight;
  /** The id of each request of both ports, in the order of arrival. */
  readonly nextRequest: () => RequestIdentity;
  /** Whether calls are taken now, for grpc.health.v1. */
  readonly isServing: () => boolean;
  /** Calls `listener` when `isServing` may have changed, until the returned function is called. */
  readonly onServingChange: (listener: () => void) => () => void;
  /** Aborts when the service begins to stop: streams that would go on end with it. */
  readonly shutdownSignal: AbortSignal;
  /** Called for every answer of the main port. */
  readonly onAnswered: (answered: Answered) => void;
  /** Called for answers of both ports. */
  readonly countUsage: (answered: AnsweredCall) => void;
  /** A request failed for a reason that is not the caller's: a bug, or a part of the service that broke. */
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
  /** A port failed to accept or to answer, which no answer can report. */
  readonly onListenerError: (error: unknown) => void;
  /** Peers of a port were cut off, for what they did. */
  readonly onClosings: (closings: Closings) => void;
}

/** The open ports of the service. Whoever opened them closes them. */
export interface FrontDoor {
  /** Of everything but scrapes; chosen by the system where 0 was configured. */
  readonly port: number;
  /** Of scrapes; undefined where they are off. */
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
  const { onListenerError: onError, onClosings } = options;
  const onRequest = createHandler(options);
  const opening = openListener({ host, port, tls, onRequest, onError, onClosings, clock });
  const listener = await opening.catch((error) => throwNamed(error, "METRICS_SERVICE"));
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

/** What answers every request of the main port. */
function createHandler(options: FrontDoorOptions): OnRequest {
  const { admit, admitAnonymous, sessions, operations, clock, onUnexpected, version } = options;
  const { requestBytesMax: bodyBytesMax, corsOrigins, trustedProxies } = options.config.server;
  const { metricsPerRequestMax } = options.config.ingest;
  const clientAddress = createClientAddress(trustedProxies);
  const sessionIn = createSessionReader(sessions);
  const common = {
    admit,
    admitAnonymous,
    sessionIn,
    clientAddress,
    inFlight: options.inFlight,
    bodyBytesMax,
  };
  const admitCall = createAdmitCall(common);
  const authenticate = createAuthInterceptor({ admitCall, onUnexpected });
  const methods = createUnaryMethods(operations.submit, operations.exportMetrics);
  const service = { operations, sessions, version, wallMs: clock.wallMs };
  return createRouter({
    rest: { ...REST_ROUTES, ...servicePages({ version, metricsPerRequestMax }) },
    handleRest: createRestHandler({ ...common, service }),
    ruleOf,
    rpc: createRpcHandlers({ routes: rpcRoutes(options), ruleOf, authenticate, bodyBytesMax }),
    answerUnary: createUnaryCalls({ methods, admitCall, bodyBytesMax, clock }),
    unknownRpc: createUnknownRpc(authenticate),
    cors: corsOrigins.length === 0 ? undefined : createCors(corsOrigins),
    nextRequest: options.nextRequest,
    monotonicMs: clock.monotonicMs,
    onAnswered: [options.onAnswered, options.countUsage],
    onUnexpected,
  });
}

/** Every service of the port, in the order in which reflection and the documentation list them. */
function rpcRoutes(options: FrontDoorOptions): RpcOptions["routes"] {
  const { operations, shutdownSignal: signal, isServing, onServingChange: onChange } = options;
  const services = [MetricsService, QueryService, AdminService, DirectoryService, Otlp];
  return [
    metricsServiceRoutes(operations),
    queryServiceRoutes(operations.queries),
    adminServiceRoutes(operations),
    directoryServiceRoutes(operations.directory),
    otlpServiceRoutes(operations.exportMetrics),
    grpcHealthRoutes({ services, isServing, onChange, signal }),
    ...(options.config.server.reflection
      ? [reflectionRoutes({ services: [...services, Health], signal })]
      : []),
  ];
}

/** The port for scrapes, unless it is off. It has no TLS and speaks no RPC. */
async function openPrometheus(options: FrontDoorOptions): Promise<Listener | undefined> {
  const { isEnabled, host, port, auth } = options.config.prometheus;
  if (!isEnabled) return undefined;
  const { operations, nextRequest, countUsage, clock } = options;
  const admit = auth === "key" ? options.admit : undefined;
  const { monotonicMs } = clock;
  const onRequest = createPrometheusEndpoint({
    expose: operations.expose,
    admit,
    clientAddress: createClientAddress(options.config.server.trustedProxies),
    nextRequest,
    countUsage,
    monotonicMs,
  });
  const { onListenerError: onError, onClosings } = options;
  const opening = openListener({ host, port, onRequest, onError, onClosings, clock });
  return opening.catch((error) => throwNamed(error, "OTEL_PROMETHEUS"));
}

/** A port that cannot be opened, with the setting to blame: the system's error names an address alone. */
function throwNamed(error: NodeJS.ErrnoException, settings: string): never {
  const isAboutHost = ["EADDRNOTAVAIL", "ENOTFOUND", "EAI_AGAIN", "EINVAL"].includes(error.code ?? "");
  const setting = isAboutHost ? `${settings}_HOST` : `${settings}_PORT`;
  const remedy = isAboutHost ? "; it takes an address of this machine, or 0.0.0.0 for all" : "";
  error.message = `${setting}: ${error.message}${remedy}`;
  throw error;
}
