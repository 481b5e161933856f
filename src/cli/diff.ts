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
 * A planned change as a unified diff. Texts of the file that was there and is to be overwritten are
 * hidden where they may be secrets, by what stands around them or by how they look.
 */
export function diffLines({ path, before = "", after, action }: PlannedFile): DiffLine[] {
  const from = action === "create" ? "/dev/null" : `a/${path}`;
  const patch = createTwoFilesPatch(from, `b/${path}`, before, after, undefined, undefined, {
    context: 3,
  });
  const [, ...lines] = patch.trimEnd().split("\n"); // the first is a rule of "=" signs
  const hidden = secretsIn(path, before, after);
  return lines.map((line) => {
    const text = line.startsWith("+") ? line : withoutLiterals(line.replace(/\r$/, ""), hidden);
    return { text, colour: colourOf(line) };
  });
}

/** A literal of a source: its text, and the line on which it begins, from 1. */
interface Literal {
  readonly text: string;
  readonly line: number;
}

function literalsOf(path: string, source: string): Literal[] {
  if (path.endsWith(".cr")) {
    return tokenize(source).flatMap((token) =>
      "value" in token ? [{ text: token.value, line: token.line }] : []
    );
  }
  const literals = source.matchAll(/(["'`])((?:\\.|(?!\1)[^\\])*)\1/gs);
  return [...literals].map(({ index, 2: text = "" }) => ({
    text,
    line: source.slice(0, index).split("\n").length,
  }));
}

/** Words beside which a secret stands: on the literal's line, or on the one before it. */
const BESIDE = /secret|passw|passphrase|token|key|auth|credential|salt|private/i;

/** How secrets look: long, without a space; or a URL with somebody's name in it. */
const LOOKS_SECRET = /^\S{16,}$|:\/\/[^\s/]*@/;

/** What may be a secret and is not written again, line by line, the longest first. */
function secretsIn(path: string, before: string, after: string): string[] {
  const lines = before.split("\n");
  const secrets = literalsOf(path, before).filter(({ text, line }) =>
    LOOKS_SECRET.test(text) || BESIDE.test(`${lines[line - 2] ?? ""}\n${lines[line - 1] ?? ""}`)
  );
  const hidden = secrets
    .flatMap(({ text }) => text.split("\n"))
    .map((text) => text.trim())
    .filter((text) => text.length > 3 && !after.includes(text) && !/^[A-Z][A-Z0-9_]*$/.test(text));
  return [...new Set(hidden)].sort((a, b) => b.length - a.length);
}

/** As the lexer read them and, as escapes make them differ, whatever is quoted with an escape. */
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
