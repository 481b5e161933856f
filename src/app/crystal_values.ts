import type { Token } from "./crystal.ts";
import { codeAt, isAssigned } from "./crystal_names.ts";

/** What the constant is assigned each time: a text, or undefined when it is no plain literal. */
export function literalsOf(
  tokens: readonly Token[],
  indexes: Iterable<number>,
  constant: string,
): (string | undefined)[] {
  return [...indexes].flatMap((index) => {
    const token = tokens[index];
    if (token?.kind !== "constant" || token.text !== constant) return [];
    return isAssigned(tokens, index) ? [literalAt(tokens, index + 2)] : [];
  });
}

/** Where a value ends that is the whole of an assignment, besides the end of its line. */
const ENDS = [";", "end", "}"];

/** The text at `index` when it is a plain literal, and the whole of a value that one of `ends` ends. */
export function literalAt(
  tokens: readonly Token[],
  index: number,
  ends = ENDS,
): string | undefined {
  const token = tokens[index];
  if (token?.kind !== "string" || !token.literal) return undefined;
  let next = index + 1;
  while (tokens[next]?.kind === "newline") next++;
  // On a line of its own a method call still belongs to the text before it.
  if (codeAt(tokens, next) === ".") return undefined;
  const isWhole = next > index + 1 || next >= tokens.length || ends.includes(codeAt(tokens, next));
  return isWhole ? token.value : undefined;
}

/** The value in all of `values`, when they agree. */
export function onlyOne(values: readonly (string | undefined)[]): string | undefined {
  const distinct = new Set(values);
  return distinct.size === 1 ? values[0] : undefined;
}
