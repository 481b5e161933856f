// diff is imported here and nowhere else: this module is loaded only where a diff is shown.
import { createTwoFilesPatch } from "diff";
import { tokenize } from "../app/crystal.ts";
import type { PlannedFile } from "../app/plan.ts";
import type { Colour } from "./paint.ts";

export interface DiffLine {
  readonly text: string;
  readonly colour: Colour | undefined;
}

/**
 * A planned change as a unified diff. What stands in strings of the Crystal that was there, and
 * is not written again, is hidden: it may be a secret, whatever it is called.
 */
export function diffLines({ path, before = "", after, action }: PlannedFile): DiffLine[] {
  const from = action === "create" ? "/dev/null" : `a/${path}`;
  const patch = createTwoFilesPatch(from, `b/${path}`, before, after, undefined, undefined, {
    context: 3,
  });
  const [, ...lines] = patch.trimEnd().split("\n"); // the first is a rule of "=" signs
  const hidden = path.endsWith(".cr") ? literalsOnlyIn(before, after) : [];
  return lines.map((line) => {
    const text = line.startsWith("+") ? line : withoutLiterals(line.replace(/\r$/, ""), hidden);
    return { text, colour: colourOf(line) };
  });
}

/** The texts of a source's literals that another source does not hold, the longest first. */
function literalsOnlyIn(before: string, after: string): string[] {
  const texts = tokenize(before).flatMap((token) =>
    "value" in token ? token.value.split("\n") : []
  );
  const hidden = texts
    .map((text) => text.trim())
    .filter((text) => text.length > 3 && !after.includes(text) && !/^[A-Z][A-Z0-9_]*$/.test(text));
  return [...new Set(hidden)].sort((a, b) => b.length - a.length);
}

/** Literals as the lexer read them, and, as escapes may make them differ, whatever is quoted. */
function withoutLiterals(line: string, hidden: readonly string[]): string {
  if (hidden.length === 0 || /^(?:---|\+\+\+|@@)/.test(line)) return line;
  const masked = hidden.reduce((text, literal) => text.replaceAll(literal, () => "***"), line);
  return masked.replace(/"((?:\\.|[^"\\])*\\(?:.|[^"\\])*)"/g, '"***"');
}

function colourOf(line: string): Colour | undefined {
  if (/^(---|\+\+\+) /.test(line)) return "bold";
  if (line.startsWith("@@")) return "cyan";
  return line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined;
}
