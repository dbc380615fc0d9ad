import type { MetricType } from "./definition.ts";

/** What an entry says of a dimension `status` that is one of two values. */
function status(success: string, failure: string) {
  return {
    choices: { status: [success, failure] },
    commonNames: { success: "status" },
    outcomes: { success: [success], failure: [failure] },
  } satisfies Partial<MetricType>;
}

/** Something was tried. */
export const ATTEMPT = status("success", "failed");
/** Something was carried out. */
export const OPERATION = status("success", "error");
/** Something was asked for. */
export const CHECK = status("allowed", "denied");
