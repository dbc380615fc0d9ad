/** Between the labels of an axis and the plot. */
export const AXIS_GAP_PX = 6;
/** As wide as most labels need, so that charts below each other begin at the same place. */
const VALUE_AXIS_PX_MIN = 48;

/** The width of the value axis, of which no label is cut: there are `1,000/min`, and larger letters. */
export function valueAxisWidth(labels: readonly string[], widthOf: (text: string) => number): number {
  return Math.ceil(Math.max(VALUE_AXIS_PX_MIN, ...labels.map((text) => widthOf(text) + AXIS_GAP_PX + 4)));
}
