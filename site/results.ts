/** Measured figures, read from the cells of a table of results. */

/** A ratio, and the bound that it is compared with. */
export interface Ratio {
  /** What was measured, as Markdown. */
  readonly figure: string;
  /** The result, as the table writes it. */
  readonly measured: string;
  /** The result as a number; several if it was measured in several series. */
  readonly values: readonly number[];
  /** The smallest and the largest value of all rounds. */
  readonly low: number;
  readonly high: number;
  readonly bound: number;
  /** Whether the result is within the bound if it is at most or at least that. */
  readonly direction: "at most" | "at least";
  readonly isWithin: boolean;
}

/** The headings of a table of results. */
export const HEADINGS = ["figure", "measured", "bound"];

const DIRECTIONS = { "≤": "at most", "≥": "at least" } as const;
const NUMBER = String.raw`\d+(?:\.\d+)?`;
/** Results before the bracket: `1.08, 1.11`. */
const RESULTS = new RegExp(`^(${NUMBER}(?:, ${NUMBER})*)(?: \\(([^)]*)\\))?$`);
/** All rounds, in brackets: `1.19, 1.02, 1.10` or `1.67 to 1.82`. Other remarks are not rounds. */
const ROUNDS = new RegExp(`^${NUMBER}(?:(?:, | to )${NUMBER})+$`);
/** A bound without a unit: `≤ 1.15`. */
const BOUND = new RegExp(`^([≤≥]) (${NUMBER})$`);

/** The ratio in a row of a table of results; undefined if it is none, or has no bound. */
export function readRatio(cells: readonly string[]): Ratio | undefined {
  const [figure = "", result = "", boundCell = ""] = cells;
  const boundMatch = BOUND.exec(boundCell);
  const sign = boundMatch?.[1];
  if (sign !== "≤" && sign !== "≥") return undefined;
  const match = RESULTS.exec(result);
  if (match === null) {
    throw new Error(`Cannot read the result "${result}" of "${figure}", which has a bound`);
  }
  const measured = match[1] ?? "";
  const values = numbers(measured);
  const remark = match[2] ?? "";
  const all = ROUNDS.test(remark) ? [...values, ...numbers(remark)] : values;
  const bound = Number(boundMatch?.[2]);
  const direction = DIRECTIONS[sign];
  const isWithin = values.every((value) => {
    return direction === "at most" ? value <= bound : value >= bound;
  });
  const low = Math.min(...all);
  const high = Math.max(...all);
  return { figure, measured, values, low, high, bound, direction, isWithin };
}

function numbers(text: string): number[] {
  return text.split(/, | to /).map(Number);
}
