/**
 * What is done to the resources of a request as a whole: same ones joined, many points split into parts that
 * a transaction can hold, and who sent them read from their attributes.
 */
import { hash } from "node:crypto";
import { LIMITS } from "../catalogue/limits.ts";
import { cutTo, isLongerThan, quote } from "../ingest/text.ts";
import type { Reject } from "../ingest/validate-fields.ts";
import { type Attributes, canonical, type ResourcePoints } from "./data-point.ts";
import { RESOURCE_ATTRIBUTES, UNKNOWN_SERVICE } from "./mapping.ts";

/**
 * Resources that are the same, as one: a collector sends several exports of a process together, and their
 * points belong to the same series.
 */
export function mergeResources(resources: readonly ResourcePoints[]): readonly ResourcePoints[] {
  const alike = Map.groupBy(resources, ({ attributes }) => canonical(attributes));
  return [...alike.values()].map(merge);
}

function merge(alike: readonly ResourcePoints[]): ResourcePoints {
  const [first] = alike as readonly [ResourcePoints, ...ResourcePoints[]];
  if (alike.length === 1) return first;
  return {
    attributes: first.attributes,
    points: alike.flatMap(({ points }) => points),
    fingerprint: hash("sha256", alike.map(({ fingerprint }) => fingerprint).join(" "), "base64url"),
  };
}

/**
 * Points of a request that are in one transaction: so many histograms take the writer some ten milliseconds.
 */
const POINTS_TOGETHER = 500;
/** Resources that ask storage for their series at the same moment. */
const RESOURCES_TOGETHER = 100;

/**
 * What of a request may be in work together, so that whoever waits for storage waits for a small part of it.
 * A resource with many points is several, in the order of time and never together; each is stored once by
 * itself when all of it is sent again.
 */
export function groupResources(resources: readonly ResourcePoints[]): readonly (readonly ResourcePoints[])[] {
  const groups: ResourcePoints[][] = [];
  let last: ResourcePoints[] = [];
  let points = 0;
  for (const part of resources.flatMap(split)) {
    points += part.points.length;
    if (last.length === 0 || last.length === RESOURCES_TOGETHER || points > POINTS_TOGETHER) {
      last = [];
      groups.push(last);
      points = part.points.length;
    }
    last.push(part);
  }
  return groups;
}

function split(resource: ResourcePoints): readonly ResourcePoints[] {
  const { attributes, points, fingerprint } = resource;
  // Points without a time are stored again when they are sent again, so that all or none of them must be.
  const isWhole = points.length <= POINTS_TOGETHER || points.some(({ timeNs }) => timeNs === 0n);
  if (isWhole) return [resource];
  const ordered = points.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0));
  const parts: ResourcePoints[] = [];
  for (let at = 0; at < ordered.length; at += POINTS_TOGETHER) {
    const part = ordered.slice(at, at + POINTS_TOGETHER);
    parts.push({ attributes, points: part, fingerprint: `${fingerprint} ${at}` });
  }
  return parts;
}

/** Who sends, as the envelope of a submission says it; nothing of it is validated yet. */
export interface SubmittedSource {
  readonly service: unknown;
  readonly version: unknown;
  readonly instance_id: unknown;
}

/**
 * A resource's service, version and instance, in the characters and lengths that those of this service may
 * have; what is shortened is told to `leaveOut`, as every point of a process would be rejected for it.
 *
 * A resource without a service name, or with an SDK's default `unknown_service` (semantic conventions of the
 * resource), counts as the service whose API key it comes with.
 */
export function sourceOf(attributes: Attributes, keyService: string, leaveOut: Reject): SubmittedSource {
  const service = textOf(attributes.get(RESOURCE_ATTRIBUTES.service));
  const isUnnamed = service === "" || UNKNOWN_SERVICE.test(service);
  return {
    service: isUnnamed ? keyService : plainService(service),
    version: versionOf(textOf(attributes.get(RESOURCE_ATTRIBUTES.version)), leaveOut),
    instance_id: instanceOf(instanceIn(attributes), leaveOut),
  };
}

/** What a resource calls its process; '' where it does not. */
export function instanceIn(attributes: Attributes): string {
  return textOf(attributes.get(RESOURCE_ATTRIBUTES.instanceId));
}

/** With `_` in the place of every character that is not allowed. */
function plainService(service: string): string {
  // Too long is rejected as it is, and no megabyte is rewritten first.
  if (isLongerThan(service, LIMITS.SERVICE_LENGTH_MAX)) return service;
  return service.replace(/[^A-Za-z0-9_-]/gu, "_");
}

function versionOf(version: string, leaveOut: Reject): string {
  const max = LIMITS.VERSION_LENGTH_MAX;
  if (isLongerThan(version, max))
    leaveOut("version", "too_long", `version ${quote(version)} is cut to ${max} characters`);
  return cutTo(version, max).replace(/\p{Cc}/gu, "_");
}

/** Digits of a hash that keep apart what begins alike. */
const HASH_LENGTH = 8;

function instanceOf(instance: string, leaveOut: Reject): string {
  const plain = (text: string) => text.replace(/[^A-Za-z0-9_.-]/gu, "_");
  const max = LIMITS.INSTANCE_ID_LENGTH_MAX;
  if (!isLongerThan(instance, max)) return plain(instance);
  leaveOut("instance_id", "too_long", `instance ${quote(instance)} is cut to ${max} characters`);
  const digits = hash("sha256", instance, "hex").slice(0, HASH_LENGTH);
  return `${plain(cutTo(instance, max - 1 - HASH_LENGTH))}-${digits}`;
}

/** Versions and instances are numbers in some configurations, and can be anything; absent is ''. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
