import type { Scope } from "../query/scope.ts";

/**
 * Why there is nothing: because nothing happened, or because a filter is on that this kind of metric knows
 * nothing of.
 *
 * @param what in the plural, `authentications`
 * @param known the dimensions such metrics can have
 */
export function emptyText(what: string, known: readonly string[]): (scope: Scope) => string {
  return ({ conditions }) => {
    const unknown = conditions.find(({ dimension }) => !known.includes(dimension));
    return unknown === undefined
      ? `No ${what} in this time.`
      : `No ${what}: they are not told apart by ${unknown.dimension}.`;
  };
}
