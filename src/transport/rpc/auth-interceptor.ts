import type { DescService } from "@bufbuild/protobuf";
import { Code, type ConnectError, type HandlerContext } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { Health } from "../../../gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { DirectoryService } from "../../../gen/mcp/directory/v1/directory_service_pb.js";
import { AdminService } from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { QueryService } from "../../../gen/mcp/metrics/v1/query_service_pb.js";
import { MetricsService as Otlp } from "../../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.js";
import type { Admit } from "../../access/admission.ts";
import type { AdmitAnonymous } from "../../access/anonymous-access.ts";
import type { InFlight } from "../../access/in-flight.ts";
import { bodyBytesMaxOf, type OperationRule, RULES } from "../../api/rules.ts";
import { FAILURES, type FailureReason, ServiceError } from "../../errors.ts";
import type { ClientAddress } from "../http/client-address.ts";
import { credentialsOf } from "../http/credentials.ts";
import { type Exchange, headerOf, rateLimitHeaders, takePlace } from "../http/exchange.ts";
import type { SessionIn } from "../http/session-cookie.ts";
import { ADMITTED, ANONYMOUS_CALL, exchangeOf } from "./context.ts";
import { completeErrors, toConnectError } from "./failures.ts";

/** The rules of a service's RPCs; an RPC without one does not compile. */
function rulesOf<Service extends DescService>(
  service: Service,
  rules: Readonly<Record<keyof Service["method"], OperationRule>>,
): readonly [DescService, Readonly<Record<string, OperationRule>>] {
  return [service, rules];
}

/**
 * The services of the port, and the part of the rule table that each of them reads. A part may have more
 * than the service: what REST alone offers of the same domain.
 */
const SERVICE_RULES = new Map([
  rulesOf(MetricsService, RULES.metrics),
  rulesOf(QueryService, RULES.query),
  rulesOf(AdminService, RULES.admin),
  rulesOf(DirectoryService, RULES.directory),
  rulesOf(Otlp, RULES.otlp),
  rulesOf(Health, RULES.health),
  rulesOf(ServerReflection, RULES.reflection),
  rulesOf(ServerReflectionAlpha, RULES.reflection),
]);

/** Every service that can be served; the two versions of reflection only where it is turned on. */
export const SERVICES: readonly DescService[] = [...SERVICE_RULES.keys()];

/** Who may call an RPC. @throws when the table has no rule for it: none is open by omission. */
export function ruleOf({ service, method }: Pick<HandlerContext, "service" | "method">): OperationRule {
  const rules = SERVICE_RULES.get(service) ?? {};
  const rule = Object.hasOwn(rules, method.localName) ? rules[method.localName] : undefined;
  if (rule === undefined) throw new Error(`${service.typeName}/${method.name} has no admission rule`);
  return rule;
}

/** What callers are authenticated with. */
export interface AuthInterceptorOptions {
  /** For RPCs that ask for a key. */
  readonly admit: Admit;
  /** For RPCs that take callers without a key too. */
  readonly admitAnonymous: AdmitAnonymous;
  /** Who is signed in, where that is enough. */
  readonly sessionIn: SessionIn;
  /** Whose failed authentications are counted, and whose network a call without a key comes from. */
  readonly clientAddress: ClientAddress;
  /** Bounds what is in flight with a body. */
  readonly inFlight: InFlight;
  /** Largest message of a caller with a key, in bytes. */
  readonly bodyBytesMax: number;
  /** A call failed for a reason that is not the caller's; the error's cause is for the log. */
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

/**
 * Authenticates each RPC on its headers, before any of its body is read: the key is checked, a token taken,
 * and who calls is put into the context (`admittedOf`, `anonymousCallOf`). From here on every error of the
 * call leaves as the failure table says.
 *
 * To be given to Connect as `requestGate`: an `Interceptor` of Connect runs only after it has read the
 * message.
 */
export function createAuthInterceptor({
  admit,
  admitAnonymous,
  sessionIn,
  clientAddress,
  inFlight,
  bodyBytesMax,
  onUnexpected,
}: AuthInterceptorOptions): (context: HandlerContext) => void {
  return (context) => {
    const exchange = exchangeOf(context);
    followFailures(context, onUnexpected);
    const rule = ruleOf(context);
    const { requestHeader, responseHeader } = context;
    if (rule === "open") return;
    exchange.takesMetrics = "takesMetrics" in rule && rule.takesMetrics === true;
    const credentials = credentialsOf(exchange.request, clientAddress, sessionIn);
    const admission =
      "ifKey" in rule ? admitAnonymous(credentials, rule, exchange) : admit(credentials, rule, exchange);
    const { bucket, failure } = admission;
    exchange.apiKeyId = admission.apiKeyId;
    exchange.principal = admission.principal;
    for (const [name, value] of Object.entries(rateLimitHeaders(bucket))) responseHeader.set(name, value);
    if (failure !== undefined) throw toConnectError(failure);
    if ("anonymousCall" in admission) context.values.set(ANONYMOUS_CALL, admission.anonymousCall);
    if ("call" in admission) context.values.set(ADMITTED, admission);
    rejectLargeBody(requestHeader, bodyBytesMaxOf(rule, bodyBytesMax));
    const { principal, anonymousCall } = { anonymousCall: undefined, ...admission };
    try {
      takePlace(exchange, inFlight, principal ?? anonymousCall?.network);
      // One without a length is counted while it is read.
      exchange.bodyBytes = Number(headerOf(exchange.request, "content-length") ?? 0);
      exchange.place?.add(exchange.bodyBytes);
    } catch (error) {
      throw toConnectError(error);
    }
  };
}

/** From here on every error of the call is completed, noted in its exchange, and reported if unexpected. */
export function followFailures(
  context: HandlerContext,
  onUnexpected: AuthInterceptorOptions["onUnexpected"],
): void {
  const exchange = exchangeOf(context);
  completeErrors(context, (failure) => {
    // What failed within the service is known already, and in full.
    exchange.failure ??= failureOf(failure);
    if (failure.code === Code.Internal) onUnexpected(exchange, failure.cause ?? failure);
  });
}

/** What gRPC and gRPC-Web put before a message. */
const ENVELOPE_HEAD_BYTES = 5;

/**
 * A body that is announced as too large is not asked for. Connect looks at the length of its own
 * protocol's bodies only; of gRPC's and gRPC-Web's it would read the first bytes.
 */
function rejectLargeBody(header: Headers, bodyBytesMax: number): void {
  if (Number(header.get("content-length") ?? 0) <= bodyBytesMax + ENVELOPE_HEAD_BYTES) return;
  throw toConnectError(new ServiceError("body_too_large", `body is larger than ${bodyBytesMax} bytes`));
}

/** What an error tells its caller; undefined for one of Connect's own. */
function failureOf(failure: ConnectError): ServiceError | undefined {
  const reason = failure.findDetails(ErrorInfoSchema)[0]?.reason ?? "";
  if (!Object.hasOwn(FAILURES, reason)) return undefined;
  return new ServiceError(reason as FailureReason, failure.rawMessage);
}
