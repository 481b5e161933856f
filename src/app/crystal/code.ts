/** Tells code from text in Crystal source, so that plain patterns can look for code. */

/** A literal that is open: how its text is read, and how far. */
interface OpenLiteral {
  readonly ends: string;
  /** The bracket that must be closed inside the text as well; an empty text if none nests. */
  readonly nests: string;
  readonly escapes: boolean;
  readonly interpolates: boolean;
  depth: number;
  /** The open braces of the interpolated code that is being read; -1 while text is read. */
  braces: number;
}

/**
 * What precedes a `/` or `%`. After a value it is an operator, after an operator it begins a literal,
 * and after a name the blanks decide.
 */
type Before = "value" | "name" | "operator";

const CLOSING: ReadonlyMap<string, string> = new Map(
  Object.entries({ "(": ")", "[": "]", "{": "}", "<": ">" }),
);

// Sticky patterns of Crystal's tokens.
const BLANK = /(?:[ \t\r\f\v\ufeff]|\\\r?\n)+/y;
const COMMENT = /#[^\n]*/y;
const CHAR =
  /'(?:\\(?:u\{[0-9a-fA-F]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{1,3}|[^])|[^\\'\n])'/uy;
const HEREDOC = /<<-(?:'(\w[^'\n]*)'|(\w+))/y;
const PERCENT = /%([qQwirx]?)([([{<|])/y;
const REGEX = /\/(?=(?:\\.|[^\\/\n])*\/)/y;
const DIVISION = /\/(?:[/=\s]|(?!(?:\\.|[^\\/\n])*\/))/y;
const WORD = /[\p{L}_\u00a0-\uffff][\w\u00a0-\uffff]*(?:[?!](?!=))?/uy;
const VALUE = /(?:@@?|\$)\w+|\d[\w.]*|:\/\/?(?![\w"])/y;
const OPERATOR = /::|\/\/|[^]/y;

/** The words after which a value is expected. */
const BEFORE_VALUE = new Set(
  ("if unless while until case when in then else elsif do begin ensure rescue and or not return " +
    "yield break next").split(" "),
);
/** The words that end a value, and `def`, after which the name of an operator may follow. */
const VALUES = new Set(["end", "self", "nil", "true", "false", "super", "def"]);

/**
 * The source with the text of comments and literals, and every `\r`, replaced by blanks. Lines and
 * offsets stay the same. Each literal keeps its two ends, written as `"`.
 * @returns undefined if it is not certain what is code, for example if a literal is not closed.
 */
export function codeOf(source: string): string | undefined {
  return new Scanner(source).run()?.code;
}

/** Text between two offsets. */
export interface TextRange {
  readonly from: number;
  readonly to: number;
}

/** The texts of literals, heredocs included; undefined if it is not certain what is code. */
export function literalsOf(source: string): readonly TextRange[] | undefined {
  return new Scanner(source).run()?.literals;
}

class Scanner {
  readonly #source: string;
  readonly #literals: TextRange[] = [];
  readonly #open: OpenLiteral[] = [];
  /** The names of heredocs on the current line: their texts begin on the next one. */
  #heredocs: string[] = [];
  #code = "";
  #at = 0;
  /** Where the text of the outermost open literal begins. */
  #textStart = 0;
  #before: Before = "operator";
  #afterBlank = true;

  constructor(source: string) {
    this.#source = source;
  }

  run(): { readonly code: string; readonly literals: readonly TextRange[] } | undefined {
    while (this.#at < this.#source.length) {
      const literal = this.#open.at(-1);
      if (literal !== undefined && literal.braces < 0) this.#readText(literal);
      else if (!this.#readCode(literal)) return undefined;
    }
    const isClosed = this.#open.length === 0 && this.#heredocs.length === 0;
    return isClosed ? { code: this.#code, literals: this.#literals } : undefined;
  }

  /** Reads one piece of a literal's text. */
  #readText(literal: OpenLiteral): void {
    const char = this.#source.charAt(this.#at);
    if (char === "\\" && literal.escapes) return this.#copy(2);
    if (char === "#" && this.#source[this.#at + 1] === "{" && literal.interpolates) {
      literal.braces = 0;
      this.#setBefore("operator");
      return this.#copy(2);
    }
    if (char === literal.ends && literal.depth === 0) return this.#close();
    if (char === literal.ends && literal.nests !== "") literal.depth--;
    else if (char === literal.nests) literal.depth++;
    this.#copy(1);
  }

  /** Reads one token of code. @returns whether it is certain what it is. */
  #readCode(within: OpenLiteral | undefined): boolean {
    const blank = this.#match(BLANK)?.[0];
    if (blank !== undefined) {
      this.#copy(blank.length);
      this.#afterBlank = true;
      return true;
    }
    switch (this.#source.charAt(this.#at)) {
      case "\n":
        return this.#readNewline();
      case "#":
        this.#hide(this.#match(COMMENT)?.[0].length ?? 1);
        return true;
      case '"':
        return this.#begin(1, '"');
      case "`":
        // After `def`, it is the name of a method.
        return this.#before === "value" ? this.#readToken(within) : this.#begin(1, "`");
      case "'":
        return this.#readChar();
      case "<":
        return this.#readHeredoc(within) ?? this.#readToken(within);
      case "%":
        return this.#readPercent() ?? this.#readToken(within);
      case "/":
        return this.#readSlash() ?? this.#readToken(within);
      default:
        return this.#readToken(within);
    }
  }

  #readNewline(): boolean {
    this.#copy(1);
    this.#setBefore("operator");
    this.#afterBlank = true;
    for (const name of this.#heredocs) {
      const rest = this.#source.slice(this.#at);
      const end = new RegExp(`^[ \\t]*${escaped(name)}(?!\\w)`, "m").exec(rest);
      if (end === null) return false;
      this.#literals.push({ from: this.#at, to: this.#at + end.index });
      this.#hide(end.index + end[0].length);
      this.#setBefore("value");
    }
    this.#heredocs = [];
    return true;
  }

  #readChar(): boolean {
    const char = this.#match(CHAR)?.[0];
    if (char === undefined) return false;
    this.#hide(char.length);
    this.#setBefore("value");
    return true;
  }

  /** @returns undefined if there is none. */
  #readHeredoc(within: OpenLiteral | undefined): boolean | undefined {
    const heredoc = this.#match(HEREDOC);
    if (heredoc === undefined) return undefined;
    if (within !== undefined) return false;
    this.#heredocs.push(heredoc[1] ?? heredoc[2] ?? "");
    this.#hide(heredoc[0].length);
    this.#setBefore("value");
    return true;
  }

  /** @returns undefined if it is the operator. */
  #readPercent(): boolean | undefined {
    const [all, letter = "", bracket = ""] = this.#match(PERCENT) ?? [];
    const isExpected = this.#before === "operator" ||
      (this.#before === "name" && this.#afterBlank);
    if (all === undefined || !isExpected) return undefined;
    const isRaw = letter === "q";
    return this.#begin(all.length, CLOSING.get(bracket) ?? bracket, {
      nests: CLOSING.has(bracket) ? bracket : "",
      escapes: !isRaw,
      interpolates: !isRaw && letter !== "w" && letter !== "i",
    });
  }

  /** @returns undefined if it is a division. After a name, `a / b` is one and `a /b/` is not. */
  #readSlash(): boolean | undefined {
    if (this.#before === "value") return undefined;
    const isDivision = !this.#afterBlank || this.#match(DIVISION) !== undefined;
    if (this.#before === "name" && isDivision) return undefined;
    return this.#match(REGEX) !== undefined && this.#begin(1, "/");
  }

  /** A word, a value, or an operator. */
  #readToken(within: OpenLiteral | undefined): boolean {
    const word = this.#match(WORD)?.[0];
    const value = word ?? this.#match(VALUE)?.[0];
    const token = value ?? this.#match(OPERATOR)?.[0] ?? "";
    if (within !== undefined && token === "{") within.braces++;
    if (within !== undefined && token === "}") within.braces--;
    this.#copy(token.length);
    if (word === undefined) {
      this.#setBefore(value !== undefined || /^[)\]}]$/.test(token) ? "value" : "operator");
    } else {
      this.#setBefore(BEFORE_VALUE.has(word) ? "operator" : VALUES.has(word) ? "value" : "name");
    }
    return true;
  }

  /** @param length That of what opens the literal. */
  #begin(length: number, ends: string, form: Partial<OpenLiteral> = {}): true {
    this.#copyEnd(length);
    if (this.#open.length === 0) this.#textStart = this.#at;
    const usual = { nests: "", escapes: true, interpolates: true };
    this.#open.push({ ...usual, ...form, ends, depth: 0, braces: -1 });
    return true;
  }

  #close(): void {
    this.#open.pop();
    if (this.#open.length === 0) this.#literals.push({ from: this.#textStart, to: this.#at });
    this.#copyEnd(1);
    this.#setBefore("value");
  }

  #setBefore(before: Before): void {
    this.#before = before;
    this.#afterBlank = false;
  }

  /** Copies characters as code, or as blanks inside a literal. */
  #copy(length: number): void {
    const text = this.#source.slice(this.#at, this.#at + length);
    this.#code += this.#open.length === 0 ? text.replace(/[\r\ufeff]/g, " ") : blanked(text);
    this.#at += length;
  }

  #hide(length: number): void {
    this.#code += blanked(this.#source.slice(this.#at, this.#at + length));
    this.#at += length;
  }

  /** Copies one end of a literal. Only those of the outermost one are visible. */
  #copyEnd(length: number): void {
    if (this.#open.length > 0) return this.#hide(length);
    this.#code += `"${" ".repeat(length - 1)}`;
    this.#at += length;
  }

  #match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    return sticky.exec(this.#source) ?? undefined;
  }
}

function blanked(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
