/** One row of the table. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** What it is to reach, as text; absent for rows that only inform. */
  readonly toReach?: string;
  readonly isReached?: boolean;
  /** Repetitions lowest to highest, answers by kind, and whatever else helps to judge the value. */
  readonly remark?: string;
}

/** A row with a bound that must not be passed. */
export function atMost(
  row: { readonly what: string; readonly remark?: string },
  value: number,
  { bound, digits, unit = '' }: { readonly bound: number; readonly digits: number; readonly unit?: string },
): Figure {
  return {
    ...row,
    value: `${value.toFixed(digits)}${unit}`,
    toReach: `≤ ${String(bound)}${unit}`,
    isReached: value <= bound,
  };
}

/** A row that must be as it should, such as a sum. */
export function exactly(what: string, value: number, expected: number, remark?: string): Figure {
  return {
    what,
    value: String(value),
    toReach: String(expected),
    isReached: value === expected,
    ...(remark === undefined ? {} : { remark }),
  };
}
