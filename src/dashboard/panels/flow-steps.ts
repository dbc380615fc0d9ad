const NAMES: Readonly<Record<string, string>> = {
  initialize_to_tools_list: "initialize → tools/list",
  tools_list_to_tools_call: "tools/list → tools/call",
  initialize_to_tools_call: "initialize → tools/call",
  full_protocol_flow: "full flow",
};

/** The steps of a session as they are told; a step nobody foresaw keeps its name. */
export function nameFlowStep(step: string): string {
  return Object.hasOwn(NAMES, step) ? (NAMES[step] ?? step) : step || "(none)";
}

/** The steps keep their colours, whichever is the most frequent. */
export const FLOW_STEP_COLORS: Readonly<Record<string, string>> = Object.fromEntries(
  ["initialize_to_tools_list", "tools_list_to_tools_call", "full_protocol_flow"].map((step, at) => [
    nameFlowStep(step),
    `--series-${at + 1}`,
  ]),
);
