const NAMES = {
  initialize_to_tools_list: "initialize → tools/list",
  tools_list_to_tools_call: "tools/list → tools/call",
  initialize_to_tools_call: "initialize → tools/call",
  full_protocol_flow: "full flow",
};
/** The steps of a session as they are told; a step nobody foresaw keeps its name. */
export function nameFlowStep(step) {
  return Object.hasOwn(NAMES, step) ? (NAMES[step] ?? step) : step || "(none)";
}
