import { matchAt } from "./escapes.ts";
import type { Cursor, LiteralForm, LiteralKind } from "./text.ts";

/**
 * How the last token decides what a `/`, `%` or `:` means. `value`: it ended a value. `operand`: a
 * value must follow. `method`: a method's name must follow. `call`: it is a method's name, so an
 * argument may follow. `name`: it is a variable or a method.
 */
export type Context = "value" | "operand" | "method" | "call" | "name";

/** What opens a literal: its kind, how to read its text, and its length in the source. */
export interface Opening {
  readonly kind: LiteralKind;
  readonly form: LiteralForm;
  readonly length: number;
}

/** The start of a heredoc, raw if its name is quoted. The compiler never reads it as a shift. */
const HEREDOC = /<<-(?:'([\w\u00a0-\uffff][^'\n]*)'|([\w\u00a0-\uffff]+))/y;
const PERCENT = /%([qQwirx]?)([([{<|])/y;

const PERCENT_KINDS: ReadonlyMap<string, LiteralKind> = new Map([
  ["w", "words"],
  ["i", "words"],
  ["r", "regex"],
  ["x", "command"],
]);
const CLOSING: ReadonlyMap<string, string> = new Map(Object.entries({
  "(": ")",
  "[": "]",
  "{": "}",
  "<": ">",
}));

/** The literal that opens at the cursor, after `context` and with or without a `gap` in between. */
export function readOpening(cursor: Cursor, context: Context, gap: boolean): Opening | undefined {
  const { pos, source } = cursor;
  const char = source.charAt(pos);
  if (char === '"') return { kind: "string", form: formOf("", char), length: 1 };
  if (char === "`" && context !== "method") {
    return { kind: "command", form: formOf("", char), length: 1 };
  }
  if (char === "/" && startsRegex(cursor, context, gap)) {
    return { kind: "regex", form: formOf("r", char), length: 1 };
  }
  if (char === ":" && source[pos + 1] === '"' && !endsName(context, gap)) {
    return { kind: "symbol", form: { ...formOf("", '"'), interpolates: false }, length: 2 };
  }
  if (char === "<") return readHeredoc(cursor);
  if (char === "%") return readPercent(cursor, context, gap);
  return undefined;
}

/** Whether a colon here ends the name of an argument or a key: it touches what is before it. */
export function endsName(context: Context, gap: boolean): boolean {
  return !gap && context !== "operand";
}

/** How to read the text after `%`, `letter` and `bracket`, which may also be a quote. */
function formOf(letter: string, bracket: string): LiteralForm {
  const words = letter === "w" || letter === "i";
  return {
    nests: bracket,
    ends: CLOSING.get(bracket) ?? bracket,
    heredoc: false,
    escapes: letter === "q" ? "none" : letter === "r" || words ? "kept" : "decoded",
    interpolates: letter !== "q" && !words,
  };
}

function readHeredoc({ pos, source }: Cursor): Opening | undefined {
  const match = matchAt(HEREDOC, source, pos);
  if (match === null) return undefined;
  const raw = match[1] !== undefined;
  const form: LiteralForm = {
    nests: "",
    ends: match[1] ?? match[2] ?? "",
    heredoc: true,
    escapes: raw ? "none" : "decoded",
    interpolates: !raw,
  };
  return { kind: "string", form, length: match[0].length };
}

function readPercent({ pos, source }: Cursor, context: Context, gap: boolean): Opening | undefined {
  if (context !== "operand" && !startsArgument(context, gap)) return undefined;
  const match = matchAt(PERCENT, source, pos);
  if (match === null) return undefined;
  const [all, letter = "", bracket = ""] = match;
  const kind = PERCENT_KINDS.get(letter) ?? "string";
  return { kind, form: formOf(letter, bracket), length: all.length };
}

function startsRegex({ pos, source }: Cursor, context: Context, gap: boolean): boolean {
  if (!startsArgument(context, gap)) return context === "operand";
  if (/[\s=/]/.test(source.charAt(pos + 1))) return false;
  return context === "call" || closesOnLine(source, pos);
}

function startsArgument(context: Context, gap: boolean): boolean {
  return gap && (context === "call" || context === "name");
}

/** Whether another slash follows on the line. If not, the name before this one is a variable. */
function closesOnLine(source: string, at: number): boolean {
  for (let pos = at + 1; pos < source.length; pos++) {
    const char = source.charAt(pos);
    if (char === "/" || char === "\n") return char === "/";
    if (char === "\\") pos++;
  }
  return false;
}
