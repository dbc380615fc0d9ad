/** The dimension `flow_step` of `protocol_latency`, as gateways send it, in readable form. */
const NAMES: Readonly<Record<string, string>> = {
  initialize_to_tools_list: "initialize → tools/list",
  tools_list_to_tools_call: "tools/list → tools/call",
  initialize_to_tools_call: "initialize → tools/call",
  full_protocol_flow: "full flow",
};

/** The readable name of a step of a session; a step that is not known keeps the name it was sent with. */
export function nameFlowStep(step: string): string {
  return Object.hasOwn(NAMES, step) ? (NAMES[step] ?? step) : step || "(none)";
}

/** Fixed colours by readable name, so that a step looks the same whichever is the most frequent. */
export const FLOW_STEP_COLORS: Readonly<Record<string, string>> = Object.fromEntries(
  ["initialize_to_tools_list", "tools_list_to_tools_call", "full_protocol_flow"].map((step, at) => [
    nameFlowStep(step),
    `--series-${at + 1}`,
  ]),
);
