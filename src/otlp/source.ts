import { LIMITS } from "../catalogue/limits.ts";
import { codePoints } from "../ingest/text.ts";
import type { Attributes } from "./attributes.ts";
import { RESOURCE_ATTRIBUTES, UNKNOWN_SERVICE } from "./mapping.ts";

/** Who sends, as the envelope of a submission says it; not judged yet. */
export interface SubmittedSource {
  readonly service: unknown;
  readonly version: unknown;
  readonly instance_id: unknown;
}

/**
 * A resource's service, version and instance, in the characters that ours may have.
 *
 * A service that nobody has named is the one whose key it comes with: it is all that is known of it.
 */
export function sourceOf(attributes: Attributes, keyService: string): SubmittedSource {
  const service = attributes.get(RESOURCE_ATTRIBUTES.service) ?? "";
  const isUnnamed = service === "" || (typeof service === "string" && UNKNOWN_SERVICE.test(service));
  return {
    service: isUnnamed ? keyService : plain(service, /[^A-Za-z0-9_-]/gu),
    version: textOf(attributes.get(RESOURCE_ATTRIBUTES.version)),
    instance_id: plain(attributes.get(RESOURCE_ATTRIBUTES.instanceId), /[^A-Za-z0-9_.-]/gu),
  };
}

function plain(value: unknown, others: RegExp): unknown {
  const text = textOf(value);
  // Too long is refused as it is, and no megabyte is rewritten first.
  if (typeof text !== "string" || codePoints(text) > LIMITS.SERVICE_LENGTH_MAX) return text;
  return text.replace(others, "_");
}

/** Versions and instances are numbers in some configurations. */
function textOf(value: unknown): unknown {
  return typeof value === "number" ? String(value) : value;
}
