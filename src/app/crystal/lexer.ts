/**
 * A tolerant lexer for Crystal source: what is in a comment or a text does not count as code. It
 * accepts any input, in linear time. A literal that is never closed extends to the end.
 */
import { matchAt, readEscape } from "./escapes.ts";
import { type Context, endsName, type Opening, readOpening } from "./openings.ts";
import {
  continueLiteral,
  type Cursor,
  type LiteralKind,
  type LiteralToken,
  type OpenLiteral,
  openLiteral,
  readText,
  settle,
} from "./text.ts";

/** Splits Crystal `source` into tokens, without spaces and comments. Never throws. */
export function tokenize(source: string): Token[] {
  return locate(source).tokens;
}

/** The tokens of Crystal `source` and, for whoever changes it, the place of each. */
export function locate(source: string): { readonly tokens: Token[]; readonly spans: Span[] } {
  const lexer = new Lexer(source);
  return { tokens: lexer.run(), spans: lexer.spans };
}

class Lexer {
  readonly spans: Span[] = [];
  readonly #cursor: Cursor;
  readonly #tokens: Token[] = [];
  /** The open literals, innermost last. A stack instead of recursion, so no nesting is too deep. */
  readonly #open: OpenLiteral[] = [];
  /** The heredocs named on the current line: their texts begin on the next one. */
  #heredocs: OpenLiteral[] = [];
  #context: Context = "operand";
  /** Whether a blank is before the next token. */
  #gap = false;

  constructor(source: string) {
    this.#cursor = { source, pos: 0, line: 1 };
  }

  run(): Token[] {
    while (this.#cursor.pos < this.#cursor.source.length) {
      const literal = this.#open.at(-1);
      const start = this.#cursor.pos;
      const isText = literal !== undefined && literal.braces < 0;
      if (isText) this.#text(literal);
      else if (this.#blank()) continue;
      else this.#code(literal);
      this.#place(start, isText && literal.heredoc);
    }
    for (const literal of [...this.#open, ...this.#heredocs]) settle(literal);
    return this.#tokens;
  }

  /** A token's span is known once it is read: the text of a literal follows its opening. */
  #place(start: number, inHeredoc: boolean): void {
    const end = this.#cursor.pos;
    const last = this.spans.at(-1);
    if (this.spans.length === this.#tokens.length && last !== undefined && !inHeredoc) {
      last.end = end;
    }
    while (this.spans.length < this.#tokens.length) this.spans.push({ start, end });
  }

  #text(literal: OpenLiteral): void {
    if (!readText(this.#cursor, literal)) {
      if (literal.braces === 0) {
        this.#push({ kind: "operator", text: "#{", line: this.#cursor.line }, "operand");
      }
      return;
    }
    this.#open.pop();
    this.#context = "value";
    const next = this.#open.at(-1);
    if (next?.heredoc && next.braces < 0 && this.#take(/\r?\n/y) !== null) this.#cursor.line++;
  }

  #blank(): boolean {
    const blank = this.#take(BLANK);
    if (blank === null) return false;
    if (blank[0].endsWith("\n")) this.#cursor.line++;
    return this.#gap = true;
  }

  #code(within: OpenLiteral | undefined): void {
    const { pos, source } = this.#cursor;
    if (source.charAt(pos) === "\n") return this.#newline();
    const opening = readOpening(this.#cursor, this.#context, this.#gap);
    if (opening !== undefined) this.#literal(opening);
    else if (!this.#char() && !this.#symbol() && !this.#word()) this.#operator(within);
  }

  #newline(): void {
    this.#tokens.push({ kind: "newline", line: this.#cursor.line });
    this.#cursor.pos++;
    this.#cursor.line++;
    if (this.#context !== "method") this.#context = "operand";
    this.#gap = true;
    // The one named first is read first, so it must be on top.
    for (const heredoc of this.#heredocs.reverse()) this.#open.push(heredoc);
    this.#heredocs = [];
  }

  #char(): boolean {
    const { line, pos, source } = this.#cursor;
    const match = this.#take(CHAR);
    if (match === null) return false;
    const inner = match[0].slice(1, -1);
    const value = inner.startsWith("\\") ? readEscape(source, pos + 1).text : inner;
    this.#push({ kind: "char", value, literal: true, line }, "value");
    return true;
  }

  #symbol(): boolean {
    const { line } = this.#cursor;
    const match = endsName(this.#context, this.#gap) ? null : this.#take(SYMBOL);
    if (match === null) return false;
    this.#push({ kind: "symbol", value: match[1] ?? "", literal: true, line }, "value");
    return true;
  }

  #word(): boolean {
    if (this.#takeAs("constant", CONSTANT, "value") !== null) return true;
    if (this.#takeAs("identifier", VARIABLE, "value") !== null) return true;
    if (this.#takeAs("number", NUMBER, "value") !== null) return true;
    const context = this.#context === "method" ? "call" : "name";
    const name = this.#takeAs("identifier", NAME, context);
    if (name === null || context === "call") return name !== null;
    if (name === "def") this.#context = "method";
    else if (BEFORE_OPERAND.has(name)) this.#context = "operand";
    else if (VALUES.has(name)) this.#context = "value";
    return true;
  }

  #operator(within: OpenLiteral | undefined): void {
    const { line } = this.#cursor;
    const suffix = !this.#gap && this.#context === "value";
    let text = this.#take(OPERATOR)?.[0] ?? "";
    if (within !== undefined) {
      if (text === "%}" && within.braces === 0) {
        this.#cursor.pos--;
        text = "%";
      }
      if (text === "{" || text === "{%") within.braces++;
      if (text === "}" || text === "%}") within.braces--;
    }
    const value = /^[)\]}]$/.test(text) || (text === "?" && suffix);
    const context = value ? "value" : text === "." ? "method" : "operand";
    this.#push({ kind: "operator", text, line }, context);
    if (within !== undefined && within.braces < 0) this.#resume(within);
  }

  #literal({ form, kind, length }: Opening): void {
    const token: LiteralToken = { kind, value: "", literal: true, line: this.#cursor.line };
    this.#push(token, "value");
    this.#cursor.pos += length;
    (form.heredoc ? this.#heredocs : this.#open).push(openLiteral(token, form));
  }

  #resume(literal: OpenLiteral): void {
    const { line } = this.#cursor;
    const token: LiteralToken = { kind: "text", value: "", literal: false, line };
    this.#push(token, "value");
    continueLiteral(literal, token);
  }

  #takeAs(kind: "constant" | "identifier" | "number", shape: RegExp, context: Context) {
    const match = this.#take(shape);
    if (match === null) return null;
    this.#push({ kind, text: match[0], line: this.#cursor.line }, context);
    return match[0];
  }

  #take(shape: RegExp): RegExpExecArray | null {
    const match = matchAt(shape, this.#cursor.source, this.#cursor.pos);
    if (match !== null) this.#cursor.pos += match[0].length;
    return match;
  }

  #push(token: Token, context: Context): void {
    this.#tokens.push(token);
    this.#context = context;
    this.#gap = false;
  }
}

/** A piece of Crystal source; `line` is the one it begins on, from 1. */
export type Token =
  /** Code: the text as written. `#{` and the `}` that closes it are operators. */
  | {
    readonly kind: "constant" | "identifier" | "number" | "operator";
    readonly text: string;
    readonly line: number;
  }
  /**
   * Text, its escapes decoded (regexes and `%w()` lists: as written). `literal` is false when code
   * is interpolated: `value` is then what comes before it, the code follows as tokens, and what
   * comes after the code is of the kind "text".
   */
  | {
    readonly kind: LiteralKind;
    readonly value: string;
    readonly literal: boolean;
    readonly line: number;
  }
  | { readonly kind: "newline"; readonly line: number };

/**
 * Where a token stands in its source, as UTF-16 offsets. The span of a heredoc is its opening, and
 * that of `#{` includes the text before it.
 */
export interface Span {
  readonly start: number;
  end: number;
}

// The shapes of Crystal's tokens, as its compiler's own lexer has them. All are sticky.

/** What separates tokens and is not one itself: spaces, a comment, an escaped line break. */
const BLANK = /[ \t\r\f\v\ufeff]+|#[^\n]*|\\\r?\n/y;
/** The names of types and constants. */
const CONSTANT = /\p{Lu}[\w\u00a0-\u{10ffff}]*/uy;
/** Instance, class and global variables. */
const VARIABLE = /(?:@@?|\$)[A-Za-z_\u00a0-\uffff][\w\u00a0-\uffff]*|\$[~?]/y;
/** Local variables, methods and keywords; `a!=b` is a comparison. */
const NAME = /[A-Za-z_\u00a0-\uffff][\w\u00a0-\uffff]*(?:[?!](?!=))?/y;
/** Numbers of any base with their suffix; `1..2` is a range. */
const NUMBER = /\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?\w*/y;
/** A character between single quotes. */
const CHAR =
  /'(?:\\(?:u\{[0-9a-fA-F]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{1,3}|.)|[^\\'\n])'/uy;
/** A symbol without quotes, which may be an operator's name. */
const SYMBOL =
  /:((?:[A-Za-z_\u00a0-\uffff][\w\u00a0-\uffff]*(?:[?!](?!=)|=(?![=~>]))?|\[\][=?]?)|<=>|===?|=~|![=~]?|<[=<]?|>[=>]?|&?\*\*?|\/\/?|&?[+-]|[&|^~%])/y;
/** The longest operator here, or any one character. */
const OPERATOR =
  /<=>|===|\.\.\.|(?:\*\*|\/\/|<<|>>|\|\||&&)=?|[=!]~|[=-]>|::|\.\.|\{%|%\}|[=!<>+\-*\/%&|^]=|@\[|[^]/uy;

/** The keywords after which an operand comes. */
const BEFORE_OPERAND = new Set(
  ("if unless while until when case return in then else elsif do begin yield break next rescue " +
    "ensure select of out include extend require").split(" "),
);
/** The keywords that end a value. */
const VALUES = new Set(["end", "self", "nil", "true", "false", "super"]);
