/** Time stands at 0, when `measure` measures, or later; until it is told to go on. */
export function standing(startMs = 0) {
  let nowMs = startMs;
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => () => {},
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}
