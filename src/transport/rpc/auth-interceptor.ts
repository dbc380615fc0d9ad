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
import { type OperationRule, RULES } from "../../api/rules.ts";
import { FAILURES, type FailureReason, ServiceError } from "../../errors.ts";
import type { Exchange } from "../http/exchange.ts";
import type { AdmitCall } from "./admit-call.ts";
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

/** What RPCs are authenticated with. */
export interface AuthInterceptorOptions {
  readonly admitCall: AdmitCall;
  /** A call failed for a reason that is not the caller's; the error's cause is for the log. */
  readonly onUnexpected: (exchange: Exchange, error: unknown) => void;
}

/**
 * Authenticates each RPC on its headers, before any of its body is read: the key is checked, a token taken,
 * and who calls is put into the context (`admittedOf`, `anonymousCallOf`). From here on every error of the
 * call leaves as the failure table says. A call that was looked at before Connect got it is neither admitted
 * twice nor run when it has failed.
 *
 * To be given to Connect as `requestGate`: an `Interceptor` of Connect runs only after it has read the
 * message.
 */
export function createAuthInterceptor({
  admitCall,
  onUnexpected,
}: AuthInterceptorOptions): (context: HandlerContext) => void {
  return (context) => {
    const exchange = exchangeOf(context);
    followFailures(context, onUnexpected);
    const rule = ruleOf(context);
    if (rule === "open") return;
    try {
      if (exchange.ended !== undefined) throw exchange.ended.error;
      const admitted = exchange.admitted ?? admitCall(exchange, rule);
      if ("anonymousCall" in admitted) context.values.set(ANONYMOUS_CALL, admitted.anonymousCall);
      else context.values.set(ADMITTED, admitted);
    } catch (error) {
      throw toConnectError(error);
    } finally {
      for (const [name, value] of Object.entries(exchange.headers))
        context.responseHeader.set(name, String(value));
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

/** What an error tells its caller; undefined for one of Connect's own. */
function failureOf(failure: ConnectError): ServiceError | undefined {
  const reason = failure.findDetails(ErrorInfoSchema)[0]?.reason ?? "";
  if (!Object.hasOwn(FAILURES, reason)) return undefined;
  return new ServiceError(reason as FailureReason, failure.rawMessage);
}
