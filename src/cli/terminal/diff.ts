// diff is imported here and nowhere else: this module is loaded only where a diff is shown.
import { createTwoFilesPatch } from "diff";
import { tokenize } from "../../app/crystal/lexer.ts";
import { ENV_EXAMPLE } from "../../app/environment_files.ts";
import type { PlannedFile } from "../../app/plan.ts";
import type { Colour } from "./reporter.ts";

export interface DiffLine {
  readonly text: string;
  readonly colour: Colour | undefined;
}

/**
 * A planned change as a unified diff. Texts of the file that was there and is to be overwritten, or
 * is shown around what is offered, are hidden where they may be secrets, by what stands around them
 * or by how they look; so are the values of a .env.example.
 */
export function diffLines(file: PlannedFile): DiffLine[] {
  const { path, before = "", after, action } = file;
  const from = action === "create" ? "/dev/null" : `a/${path}`;
  const patch = createTwoFilesPatch(from, `b/${path}`, before, after, undefined, undefined, {
    context: 3,
  });
  const [, ...lines] = patch.trimEnd().split("\n"); // the first is a rule of "=" signs
  const hidden = secretsIn(file);
  const ours = newLines(lines, file);
  return lines.map((line, index) => {
    const text = line.replace(/\r$/, "");
    const safe = ours.has(index) ? text : withoutLiterals(withoutValue(path, text), hidden);
    return { text: safe, colour: colourOf(line) };
  });
}

/** The indexes of the lines that have nothing of the file that was there. */
function newLines(lines: readonly string[], file: PlannedFile): ReadonlySet<number> {
  const found = new Set<number>();
  let replaced = 0;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("-")) replaced++;
    else if (line.startsWith("+")) {
      // One that stands for a line of before may be that line with a comma.
      if (replaced-- <= 0 || !keepsTexts(file)) found.add(index);
    } else if (!line.startsWith("\\")) replaced = 0;
  }
  return found;
}

/** Whether the texts of before stay, so that lines which are added have some of them too. */
function keepsTexts({ path, action }: PlannedFile): boolean {
  const isAdded = action === "offer" || action === "update";
  return isAdded && (path.endsWith(".cr") || path === ENV_EXAMPLE);
}

/** A literal of a source: its text, and the line on which it begins, from 1. */
interface Literal {
  readonly text: string;
  readonly line: number;
}

function literalsOf(path: string, source: string): Literal[] {
  if (path.endsWith(".cr")) {
    const tokens = tokenize(source);
    return tokens.flatMap((token, index) => {
      const before = tokens[index - 1];
      const isFile = before?.kind === "identifier" && before.text === "require";
      return "value" in token && !isFile ? [{ text: token.value, line: token.line }] : [];
    });
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

/** What may be a secret and is not written anew, line by line, the longest first. */
function secretsIn(file: PlannedFile): string[] {
  const { path, before = "", after } = file;
  const lines = before.split("\n");
  const secrets = literalsOf(path, before).filter(({ text, line }) =>
    LOOKS_SECRET.test(text) || BESIDE.test(`${lines[line - 2] ?? ""}\n${lines[line - 1] ?? ""}`)
  );
  const hidden = secrets
    .flatMap(({ text }) => text.split("\n"))
    .map((text) => text.trim())
    .filter((text) => text.length > 3 && !/^[A-Z][A-Z0-9_]*$/.test(text))
    .filter((text) => keepsTexts(file) || !after.includes(text));
  return [...new Set(hidden)].sort((a, b) => b.length - a.length);
}

/** As the lexer read them and, as escapes make them differ, whatever is quoted with an escape. */
function withoutLiterals(line: string, hidden: readonly string[]): string {
  if (hidden.length === 0 || /^(?:---|\+\+\+|@@)/.test(line)) return line;
  const masked = hidden.reduce((text, literal) => text.replaceAll(literal, () => "***"), line);
  return masked.replace(/"((?:\\.|[^"\\])*\\(?:.|[^"\\])*)"/g, '"***"');
}

/** An example of an environment should have no values that are real, and may have some. */
function withoutValue(path: string, line: string): string {
  if (path !== ENV_EXAMPLE) return line;
  return line.replace(/^([ +-][#\s]*(?:export\s+)?\w+\s*=\s*).+$/, (_, name) => `${name}***`);
}

function colourOf(line: string): Colour | undefined {
  if (/^(---|\+\+\+) /.test(line)) return "bold";
  if (line.startsWith("@@")) return "cyan";
  return line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined;
}
