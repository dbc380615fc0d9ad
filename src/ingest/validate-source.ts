import { LIMITS } from "../catalogue/limits.ts";
import type { Refuse } from "./read-fields.ts";
import type { SubmittedMetrics } from "./submission.ts";
import { isLongerThan, quote } from "./text.ts";

/** Who sent a submission. */
export interface ValidSource {
  readonly service: string;
  /** '' when absent. */
  readonly version: string;
  /** '' when absent. */
  readonly instanceId: string;
}

const SERVICE = /^[A-Za-z0-9_-]+$/;
const INSTANCE_ID = /^[A-Za-z0-9_.-]+$/;
/** https://semver.org, with an optional leading `v`. */
const SEMVER = /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const CONTROL = /\p{Cc}/u;

/** What an envelope says of its sender; every broken rule is told to `refuse`. */
export function validateSource(
  submitted: Pick<SubmittedMetrics, "service" | "version" | "instance_id">,
  refuse: Refuse,
  warnings: string[],
): ValidSource {
  return {
    service: readService(submitted.service, refuse),
    version: readVersion(submitted.version, refuse, warnings),
    instanceId: readInstanceId(submitted.instance_id, refuse),
  };
}

export function isAbsent(value: unknown): value is undefined | null | "" {
  return value === undefined || value === null || value === "";
}

function readService(service: unknown, refuse: Refuse): string {
  const max = LIMITS.SERVICE_LENGTH_MAX;
  if (isAbsent(service)) refuse("service", "required", "Service name is required");
  else if (typeof service !== "string")
    refuse("service", "invalid", `service ${quote(service)} must be a string`);
  else if (isLongerThan(service, max))
    refuse("service", "too_long", `Service name too long: at most ${max} characters`);
  else if (!SERVICE.test(service)) {
    const rule = "must contain only alphanumeric characters, - and _";
    refuse("service", "invalid_characters", `Service name ${quote(service)} ${rule}`);
  } else return service;
  return "";
}

function readVersion(version: unknown, refuse: Refuse, warnings: string[]): string {
  const max = LIMITS.VERSION_LENGTH_MAX;
  if (isAbsent(version)) return "";
  if (typeof version !== "string" || CONTROL.test(version)) {
    refuse("version", "invalid", `version ${quote(version)} must be a string without control characters`);
  } else if (isLongerThan(version, max)) {
    refuse("version", "too_long", `version too long: at most ${max} characters`);
  } else {
    if (!SEMVER.test(version)) warnings.push(`version ${quote(version)} does not follow semantic versioning`);
    return version.toWellFormed();
  }
  return "";
}

function readInstanceId(instanceId: unknown, refuse: Refuse): string {
  const max = LIMITS.INSTANCE_ID_LENGTH_MAX;
  if (isAbsent(instanceId)) return "";
  if (typeof instanceId === "string" && INSTANCE_ID.test(instanceId) && instanceId.length <= max)
    return instanceId;
  const rule = `must contain only alphanumeric characters, _, . and -, at most ${max}`;
  refuse("instance_id", "invalid", `instance_id ${quote(instanceId)} ${rule}`);
  return "";
}
