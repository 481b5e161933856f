import { matchAt, readEscape } from "./escapes.ts";

/** The kinds of token that hold text, not code. */
export type LiteralKind = "string" | "char" | "symbol" | "regex" | "command" | "words" | "text";

/** Where a lexer is in its source; `line` counts from 1. */
export interface Cursor {
  readonly source: string;
  pos: number;
  line: number;
}

/** The token of a literal while its text is still being read. */
export interface LiteralToken {
  readonly kind: LiteralKind;
  value: string;
  literal: boolean;
  readonly line: number;
}

/** How the text of a literal is to be read. */
export interface LiteralForm {
  /** The bracket that must be closed again inside the text, or "" when nothing nests. */
  readonly nests: string;
  /** The character that ends the text, or the whole last line of a heredoc. */
  readonly ends: string;
  readonly heredoc: boolean;
  readonly escapes: "decoded" | "kept" | "none";
  readonly interpolates: boolean;
}

/** Text without code in it, by lines; only a heredoc has more than one. */
interface Piece {
  readonly token: LiteralToken;
  readonly lines: string[];
}

/** A literal that has begun and not yet ended: interpolated code may come in between. */
export interface OpenLiteral extends LiteralForm {
  /** The text so far, in pieces: before, between and after interpolations. */
  readonly pieces: Piece[];
  /** The lines of the last piece. */
  lines: string[];
  nesting: number;
  atLineStart: boolean;
  /** How many braces are open in the interpolated code being read; -1 while text is read. */
  braces: number;
}

/** Opens a literal of `form` whose text goes into `token`. */
export function openLiteral(token: LiteralToken, form: LiteralForm): OpenLiteral {
  const lines = [""];
  const pieces = [{ token, lines }];
  return { ...form, pieces, lines, nesting: 0, atLineStart: form.heredoc, braces: -1 };
}

/** Continues a literal after interpolated code. The text that follows goes into `token`. */
export function continueLiteral(literal: OpenLiteral, token: LiteralToken): void {
  literal.lines = [""];
  literal.pieces.push({ token, lines: literal.lines });
}

/** Reads text up to the end of the literal (true), or up to an interpolation or the end of file. */
export function readText(cursor: Cursor, literal: OpenLiteral): boolean {
  while (cursor.pos < cursor.source.length) {
    if (literal.atLineStart && endsHeredoc(cursor, literal)) return true;
    literal.atLineStart = false;
    copyPlainText(cursor, literal);
    const char = cursor.source.charAt(cursor.pos);
    if (char === "\\" && literal.escapes !== "none") readEscaped(cursor, literal);
    else if (char === "#" && literal.interpolates && cursor.source[cursor.pos + 1] === "{") {
      cursor.pos += 2;
      literal.braces = 0;
      return false;
    } else if (char === literal.ends && !literal.heredoc && literal.nesting === 0) {
      cursor.pos++;
      settle(literal);
      return true;
    } else readCharacter(cursor, literal, char);
  }
  return false;
}

/** A heredoc's last line contains only its name. Its indentation is removed from every line. */
function endsHeredoc(cursor: Cursor, literal: OpenLiteral): boolean {
  const indent = matchAt(/[ \t]*/y, cursor.source, cursor.pos)?.[0].length ?? 0;
  const end = cursor.pos + indent + literal.ends.length;
  if (!cursor.source.startsWith(literal.ends, cursor.pos + indent)) return false;
  if (matchAt(/\r?\n|$/y, cursor.source, end) === null) return false;
  dropLineBreak(literal, cursor.source.charAt(cursor.pos - 2));
  cursor.pos = end;
  settle(literal, indent);
  return true;
}

/** The line break before a heredoc's last line, with its carriage return, is not text. */
function dropLineBreak(literal: OpenLiteral, before: string): void {
  literal.lines.pop();
  const last = literal.lines.pop();
  if (last !== undefined) literal.lines.push(before === "\r" ? last.slice(0, -1) : last);
}

function copyPlainText(cursor: Cursor, literal: OpenLiteral): void {
  const { source } = cursor;
  const start = cursor.pos;
  const stops = `\\#\n${literal.nests}${literal.heredoc ? "" : literal.ends}`;
  while (cursor.pos < source.length && !stops.includes(source.charAt(cursor.pos))) cursor.pos++;
  append(literal, source.slice(start, cursor.pos));
}

function readEscaped(cursor: Cursor, literal: OpenLiteral): void {
  const start = cursor.pos;
  const decoded = literal.escapes === "decoded";
  const escape = decoded ? readEscape(cursor.source, start) : undefined;
  cursor.pos = Math.min(escape?.end ?? start + 2, cursor.source.length);
  const written = cursor.source.slice(start, cursor.pos);
  append(literal, escape?.text ?? written);
  cursor.line += written.split("\n").length - 1;
}

function readCharacter(cursor: Cursor, literal: OpenLiteral, char: string): void {
  cursor.pos += char.length;
  if (char === "\n") cursor.line++;
  if (char === "\n" && literal.heredoc) {
    literal.atLineStart = true;
    literal.lines.push("");
    return;
  }
  if (!literal.heredoc && char === literal.ends) literal.nesting--;
  else if (char === literal.nests) literal.nesting++;
  append(literal, char);
}

function append({ lines }: OpenLiteral, text: string): void {
  lines[lines.length - 1] += text;
}

/** Writes the text into the tokens: once, at the end, so that many lines take linear time. */
export function settle(literal: OpenLiteral, indent = 0): void {
  for (const [index, { lines, token }] of literal.pieces.entries()) {
    // After interpolated code a piece begins within a line, where there is no margin.
    const text = lines.map((line, at) =>
      index > 0 && at === 0 ? line : withoutMargin(line, indent)
    );
    token.value = text.join("\n");
    token.literal = literal.pieces.length === 1 && literal.braces < 0;
  }
}

function withoutMargin(line: string, indent: number): string {
  return line.slice(Math.min(indent, line.length - line.trimStart().length));
}
