// The only file that imports diff. It is loaded when a diff is shown.
import { createTwoFilesPatch } from "diff";
import { literalsOf as literalsIn } from "../../app/crystal/code.ts";
import { ENV_EXAMPLE } from "../../app/environment_files.ts";
import type { PlannedFile } from "../../app/plan.ts";
import type { Colour } from "./reporter.ts";

export interface DiffLine {
  readonly text: string;
  readonly colour: Colour | undefined;
}

/**
 * A planned change as a unified diff. Hides the values in a .env.example, and texts of the existing
 * file that may be secrets: because of a word beside them, or because of how they look.
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

/** The indexes of the lines that contain no text of the existing file. */
function newLines(lines: readonly string[], file: PlannedFile): ReadonlySet<number> {
  const found = new Set<number>();
  let replaced = 0;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("-")) replaced++;
    else if (line.startsWith("+")) {
      // A line that replaces another one may repeat its text, with only a comma added.
      if (replaced-- <= 0 || !keepsTexts(file)) found.add(index);
    } else if (!line.startsWith("\\")) replaced = 0;
  }
  return found;
}

/** Whether the existing texts stay in the file, so that added lines may contain them too. */
function keepsTexts({ path, action }: PlannedFile): boolean {
  const isAdded = action === "offer" || action === "update";
  return isAdded && (path.endsWith(".cr") || path === ENV_EXAMPLE);
}

/** A literal in a source file: its text, and the line on which it begins, from 1. */
interface Literal {
  readonly text: string;
  readonly line: number;
}

function literalsOf(path: string, source: string): Literal[] {
  const literals = path.endsWith(".cr") ? crystalLiterals(source) : undefined;
  const quoted = source.matchAll(/(["'`])((?:\\.|(?!\1)[^\\])*)\1/gs);
  return literals ?? Array.from(quoted, ({ index, 2: text = "" }) => ({
    text,
    line: lineAt(source, index),
  }));
}

/** Each line of a literal, except the names of required files. */
function crystalLiterals(source: string): Literal[] | undefined {
  return literalsIn(source)?.flatMap(({ from, to }) => {
    if (/^\s*require\s+"$/.test(source.slice(source.lastIndexOf("\n", from) + 1, from))) return [];
    const line = lineAt(source, from);
    return source.slice(from, to).split("\n").map((text, at) => ({
      text: text.trim(),
      line: line + at,
    }));
  });
}

/** Counts from 1. */
function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}

/** Words that suggest a secret, on the line of the literal or where its statement begins. */
const BESIDE =
  /secret|passw|passphrase|passwd|\bpwd?\b|token|key|auth|cred|salt|pepper|private|jwt|hmac|otp|\bpin\b/i;

/** A line that only continues a statement: literals, brackets and operators. */
const CONTINUED = /^[\s"'`%,.+\\()[\]{}]*$/;

/** How secrets look: long and without a space, or a URL with a user name. */
const LOOKS_SECRET = /^\S{16,}$|:\/\/[^\s/]*@/;

/** The lines of texts that may be secrets and that azu has not written, longest first. */
function secretsIn(file: PlannedFile): string[] {
  const { path, before = "", after } = file;
  const lines = before.split("\n");
  const literals = literalsOf(path, before);
  const code = [...lines]; // without the literals
  for (const { text, line } of literals) {
    code[line - 1] = (code[line - 1] ?? "").replace(text, () => "");
  }
  const continues = (line: number) => CONTINUED.test(code[line - 1] ?? "");
  /** The line and the one above it; if the line only continues a statement, all of that. */
  const statementAt = (line: number) => {
    let first = line - 1;
    while (continues(line) && first > 1 && continues(first)) first--;
    return lines.slice(Math.max(1, first) - 1, line).join("\n");
  };
  const secrets = literals.filter(({ text, line }) =>
    LOOKS_SECRET.test(text) || BESIDE.test(statementAt(line))
  );
  const hidden = secrets
    .flatMap(({ text }) => text.split("\n"))
    .map((text) => text.trim())
    .filter((text) => text.length > 3 && !/^[A-Z][A-Z0-9_]*$/.test(text))
    .filter((text) => keepsTexts(file) || !after.includes(text));
  return [...new Set(hidden)].sort((a, b) => b.length - a.length);
}

function withoutLiterals(line: string, hidden: readonly string[]): string {
  if (/^(?:---|\+\+\+|@@)/.test(line)) return line;
  return hidden.reduce((text, literal) => text.replaceAll(literal, () => "***"), line);
}

/** The values in a .env.example should not be real, but may be. */
function withoutValue(path: string, line: string): string {
  if (path !== ENV_EXAMPLE) return line;
  const assignment = /^([ +-][#\s]*(?:export\s+)?\w+\s*=\s*).*$/;
  if (assignment.test(line)) return line.replace(/^([^=]*=\s*).+$/, (_, name) => `${name}***`);
  // Any other line may continue a value.
  return /^[ +-]\s*(?:#.*)?$|^(?:---|\+\+\+|@@|\\)/.test(line) ? line : `${line.charAt(0)}***`;
}

function colourOf(line: string): Colour | undefined {
  if (/^(---|\+\+\+) /.test(line)) return "bold";
  if (line.startsWith("@@")) return "cyan";
  return line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined;
}
