import type { AuditTrace } from "../../sqlite/keys/audit-store.ts";
import type { Actor, Audit } from "./audit.ts";
import type { KeyAdministration } from "./keys.ts";

/**
 * The administration of keys as `actor` carries it out. `open` makes one whose storage writes the trace it is
 * given into the transaction of its next act.
 */
export function auditedKeys(
  audit: Audit,
  open: (trace: AuditTrace | undefined) => KeyAdministration,
): (actor: Actor) => KeyAdministration {
  return (actor) => ({
    list: () => open(undefined).list(),
    create(input) {
      const { service, role, rateLimit = null, allowedServices, expiresMs } = input;
      const details = {
        role,
        rate_limit: rateLimit,
        allowed_services: allowedServices,
        expires_at: expiresMs === undefined ? null : isoOf(expiresMs),
      };
      const act = { action: "key.create", target: service, details };
      return audit.transacted(actor, act, (trace) => open(trace).create(input));
    },
    revoke: (id) =>
      audit.transacted(actor, { action: "key.revoke", target: `key ${id}` }, (trace) =>
        open(trace).revoke(id),
      ),
    rotate(id, overlapSeconds) {
      const details = { overlap_seconds: overlapSeconds };
      const act = { action: "key.rotate", target: `key ${id}`, details };
      return audit.transacted(actor, act, (trace) => open(trace).rotate(id, overlapSeconds));
    },
  });
}

/** Also of a number that is no time, which the act itself refuses. */
function isoOf(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
