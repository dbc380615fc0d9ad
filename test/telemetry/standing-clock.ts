/** Time stands at 0, when `measure` measures; until it is told to go on. */
export function standing() {
  let nowMs = 0;
  return {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => () => {},
    advance: (ms: number) => {
      nowMs += ms;
    },
  };
}
