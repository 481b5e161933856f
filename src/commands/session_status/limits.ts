/** The limits of `--fail-if`: conditions on figures, for monitors. */
import { type FigureName, figureNames, type Figures } from "../../backends/survey.ts";

const OPERATORS = {
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  "=": (a: number, b: number) => a === b,
} as const;

/** A condition such as `expired > 100000`. */
export interface Limit {
  readonly name: FigureName;
  readonly operator: keyof typeof OPERATORS;
  readonly number: number;
}

const LIMIT = /^\s*([a-z]+)\s*(>=|<=|>|<|=)\s*(\d{1,18}(?:\.\d{1,9})?)\s*$/i;

/** @returns undefined if the text is not such a condition, or names no figure. */
export function parseLimit(text: string): Limit | undefined {
  const [, named = "", operator = "", number = ""] = LIMIT.exec(text) ?? [];
  const name = figureNames.find((name) => name.toLowerCase() === named.toLowerCase());
  if (name === undefined || !isOperator(operator)) return undefined;
  return { name, operator, number: Number(number) };
}

function isOperator(text: string): text is Limit["operator"] {
  return Object.hasOwn(OPERATORS, text);
}

export function limitText({ name, operator, number }: Limit): string {
  return `${name} ${operator} ${number}`;
}

/** Tells which limits are met, and for which the figure is not known. */
export function judge(
  limits: readonly Limit[],
  figures: Figures,
): { readonly met: readonly Limit[]; readonly unknown: readonly Limit[] } {
  const isMet = ({ name, operator, number }: Limit) => {
    const figure = figures[name];
    return figure !== undefined && OPERATORS[operator](figure.value, number);
  };
  return {
    met: limits.filter(isMet),
    unknown: limits.filter(({ name }) => figures[name] === undefined),
  };
}
