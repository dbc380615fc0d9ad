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
import type { AdmissionRule, Admit } from "../../access/admission.ts";
import type { AdmitAnonymous, AnonymousRule } from "../../access/anonymous-access.ts";
import { DIRECTORY_RULES } from "../../api/directory/rules.ts";
import { FAILURES, type FailureReason, ServiceError } from "../../errors.ts";
import type { ClientAddress } from "../http/client-address.ts";
import { type Exchange, setRateLimitHeaders } from "../http/exchange.ts";
import { ADMITTED, exchangeOf, VISIT } from "./context.ts";
import { completeErrors, toConnectError } from "./failures.ts";

const WRITERS: AdmissionRule = { roles: ["writer"], costsToken: true };
const QUERIERS: AdmissionRule = { roles: ["writer", "reader"], costsToken: true };
const ADMINS: AdmissionRule = { roles: [], costsToken: true };

/** What can be asked of the callers of an RPC. */
export type Rule = AdmissionRule | AnonymousRule | "open";

/** A rule for each service, or for each of its RPCs. One without a rule is refused: none is open by omission. */
const RULES = new Map<DescService, Rule | ReadonlyMap<string, Rule>>([
  [
    MetricsService,
    new Map<string, Rule>([
      ["submit", WRITERS],
      ["flush", WRITERS],
      ["rateLimitStatus", { roles: ["writer", "reader"], costsToken: false }],
      ["health", "open"],
    ]),
  ],
  [Otlp, WRITERS],
  [DirectoryService, new Map<string, Rule>(Object.entries(DIRECTORY_RULES))],
  [QueryService, QUERIERS],
  [AdminService, ADMINS],
  [Health, "open"],
  [ServerReflection, "open"],
  [ServerReflectionAlpha, "open"],
]);

export interface GateOptions {
  readonly admit: Admit;
  readonly admitVisit: AdmitAnonymous;
  readonly clientAddress: ClientAddress;
  readonly bodyBytesMax: number;
  /** A call failed for a reason that is not the caller's; the error's cause is for the log. */
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

/**
 * What happens to an RPC on its headers, before its body is read: it gets its request id, its key is
 * checked and a token taken. From here on every error of the call leaves as the failure table says.
 */
export function createGate({
  admit,
  admitVisit,
  clientAddress,
  bodyBytesMax,
  onUnexpected,
}: GateOptions): (context: HandlerContext) => void {
  return (context) => {
    const exchange = exchangeOf(context);
    followFailures(context, onUnexpected);
    const rule = ruleOf(context);
    const { requestHeader, responseHeader } = context;
    if (rule === "open") return;
    const credentials = {
      apiKey: requestHeader.get("x-api-key") ?? undefined,
      authorization: requestHeader.get("authorization") ?? undefined,
      address: () => clientAddress(exchange.request),
    };
    const admission =
      "ifKey" in rule ? admitVisit(credentials, rule, exchange) : admit(credentials, rule, exchange);
    const { bucket, failure } = admission;
    exchange.apiKeyId = admission.apiKeyId;
    setRateLimitHeaders(bucket, (name, value) => responseHeader.set(name, value));
    if (failure !== undefined) throw toConnectError(failure);
    if ("anonymousCall" in admission) context.values.set(VISIT, admission.anonymousCall);
    if ("call" in admission) context.values.set(ADMITTED, admission);
    refuseLargeBody(requestHeader, bodyBytesMax);
    // One without a length is counted while it is read.
    exchange.bodyBytes = Number(requestHeader.get("content-length") ?? 0);
  };
}

/** From here on every error of the call is completed, noted in its exchange, and told of if unexpected. */
export function followFailures(context: HandlerContext, onUnexpected: GateOptions["onUnexpected"]): void {
  const exchange = exchangeOf(context);
  completeErrors(context, (failure) => {
    exchange.failure = reasonOf(failure);
    if (failure.code === Code.Internal) onUnexpected(exchange, failure.cause ?? failure);
  });
}

/** What gRPC and gRPC-Web put before a message. */
const ENVELOPE_HEAD_BYTES = 5;

/**
 * A body that is announced as too large is not asked for. Connect looks at the length of its own
 * protocol's bodies only; of gRPC's and gRPC-Web's it would read the first bytes.
 */
function refuseLargeBody(header: Headers, bodyBytesMax: number): void {
  if (Number(header.get("content-length") ?? 0) <= bodyBytesMax + ENVELOPE_HEAD_BYTES) return;
  throw toConnectError(new ServiceError("body_too_large", `body is larger than ${bodyBytesMax} bytes`));
}

/** Who may call an RPC. @throws when nobody has decided. */
export function ruleOf({ service, method }: Pick<HandlerContext, "service" | "method">): Rule {
  const rules = RULES.get(service);
  const rule = rules instanceof Map ? rules.get(method.localName) : (rules as Rule | undefined);
  if (rule === undefined) throw new Error(`${service.typeName}/${method.name} has no admission rule`);
  return rule;
}

function reasonOf(failure: ConnectError): FailureReason | undefined {
  const reason = failure.findDetails(ErrorInfoSchema)[0]?.reason ?? "";
  return Object.hasOwn(FAILURES, reason) ? (reason as FailureReason) : undefined;
}
