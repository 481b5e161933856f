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

/** What the last token means for a `/` or `%`: after a name, blanks decide. */
type Before = "value" | "name" | "operator";

const CLOSING: ReadonlyMap<string, string> = new Map(
  Object.entries({ "(": ")", "[": "]", "{": "}", "<": ">" }),
);

// Sticky patterns of Crystal's tokens.
const BLANK = /(?:[ \t\r\f\v\ufeff]|\\\r?\n|#[^\n]*)+/y;
const CHAR =
  /'(?:\\(?:u\{[0-9a-fA-F]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[0-7]{1,3}|[^])|[^\\'\n])'/uy;
const HEREDOC = /<<-(?:'(\w[^'\n]*)'|(\w+))/y;
const PERCENT = /%([qQwirx]?)([([{<|])/y;
const REGEX = /\/(?=(?:\\.|[^\\/\n])*\/)/y;
const DIVISION = /\/(?:[/=\s]|(?!(?:\\.|[^\\/\n])*\/))/y;
const OPERATOR = /\/\/|[^]/y;
const WORD = /[\p{L}_\u00a0-\uffff][\w\u00a0-\uffff]*(?:[?!](?!=))?/uy;
const VALUE = /(?:@@?|\$)\w+|\d[\w.]*|::/y;

/** The words after which a value is expected. */
const BEFORE_VALUE = new Set(
  ("if unless while until case when in then else elsif do begin ensure rescue and or not return " +
    "yield break next").split(" "),
);
/** The words that end a value, and `def`, after which the name of an operator may follow. */
const VALUES = new Set(["end", "self", "nil", "true", "false", "super", "def"]);

/**
 * The source with all text of comments and literals replaced by blanks, and so the `\r` of Windows'
 * line ends. Lines and offsets stay the same. A literal keeps its two ends, as `"`, whatever they
 * are in the source.
 * @returns undefined if it is not certain what is code, for example if a literal is not closed.
 */
export function codeOf(source: string): string | undefined {
  const open: OpenLiteral[] = [];
  let heredocs: string[] = [];
  let code = "";
  let at = 0;
  let before: Before = "operator";
  let gap = true;

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  /** Goes on to an offset. Inside a literal, all is blank. */
  const pass = (length: number, isCode = true) => {
    const text = source.slice(at, at + length);
    code += isCode && open.length === 0 ? text.replace(/[\r\ufeff]/g, " ") : blank(text);
    at += length;
  };
  /** Passes the end of a literal. Only the ends of the outermost one are visible. */
  const passEnd = (length: number) => {
    const text = open.length === 0 ? `"${blank(source.slice(at + 1, at + length))}` : undefined;
    code += text ?? blank(source.slice(at, at + length));
    at += length;
  };
  const begin = (length: number, literal: Omit<OpenLiteral, "depth" | "braces">) => {
    passEnd(length);
    open.push({ ...literal, depth: 0, braces: -1 });
  };
  const follow = (last: Before) => {
    before = last;
    gap = false;
  };

  /** Reads one piece of a literal's text. */
  const readText = (literal: OpenLiteral) => {
    const char = source.charAt(at);
    if (char === "\\" && literal.escapes) return pass(2);
    if (char === "#" && source[at + 1] === "{" && literal.interpolates) {
      literal.braces = 0;
      follow("operator");
      return pass(2);
    }
    if (char === literal.ends && literal.depth === 0) {
      open.pop();
      follow("value");
      return passEnd(1);
    }
    if (char === literal.ends && literal.nests !== "") literal.depth--;
    else if (char === literal.nests) literal.depth++;
    pass(1);
  };

  const readNewline = (): boolean => {
    pass(1);
    before = "operator";
    gap = true;
    for (const name of heredocs) {
      const end = new RegExp(`^[ \\t]*${escaped(name)}(?!\\w)`, "m");
      const found = end.exec(source.slice(at));
      if (found === null) return false;
      pass(found.index + found[0].length, false);
      before = "value";
    }
    heredocs = [];
    return true;
  };

  /** Reads one token of code. @returns whether it is certain what it is. */
  const readCode = (within: OpenLiteral | undefined): boolean => {
    const char = source.charAt(at);
    const blanks = match(BLANK);
    if (blanks !== null) {
      for (const part of blanks[0].split(/(#[^\n]*)/)) pass(part.length, !part.startsWith("#"));
      gap = true;
      return true;
    }
    if (char === "\n") return readNewline();
    if (char === '"' || (char === "`" && before !== "value")) {
      begin(1, { ends: char, nests: "", escapes: true, interpolates: true });
      return true;
    }
    if (char === "'") {
      const character = match(CHAR);
      if (character === null) return false;
      pass(character[0].length, false);
      follow("value");
      return true;
    }
    const heredoc = match(HEREDOC);
    if (heredoc !== null) {
      if (within !== undefined) return false;
      heredocs.push(heredoc[1] ?? heredoc[2] ?? "");
      pass(heredoc[0].length, false);
      follow("value");
      return true;
    }
    const percent = match(PERCENT);
    if (percent !== null && (before === "operator" || (before === "name" && gap))) {
      const [all, letter = "", nests = ""] = percent;
      const isRaw = letter === "q";
      begin(all.length, {
        ends: CLOSING.get(nests) ?? nests,
        nests: CLOSING.has(nests) ? nests : "",
        escapes: !isRaw,
        interpolates: !isRaw && letter !== "w" && letter !== "i",
      });
      return true;
    }
    // After a name, `a / b` is a division and `a /b/` is not.
    const isDivision = before === "value" ||
      (before === "name" && (!gap || match(DIVISION) !== null));
    if (char === "/" && !isDivision) {
      if (match(REGEX) === null) return false;
      begin(1, { ends: "/", nests: "", escapes: true, interpolates: true });
      return true;
    }
    const word = match(WORD)?.[0];
    if (word !== undefined) {
      pass(word.length);
      follow(BEFORE_VALUE.has(word) ? "operator" : VALUES.has(word) ? "value" : "name");
      return true;
    }
    const value = match(VALUE)?.[0];
    if (value !== undefined) {
      pass(value.length);
      follow(value === "::" ? "operator" : "value");
      return true;
    }
    if (within !== undefined && char === "{") within.braces++;
    if (within !== undefined && char === "}") within.braces--;
    pass(match(OPERATOR)?.[0].length ?? 1);
    follow(/[)\]}]/.test(char) ? "value" : "operator");
    return true;
  };

  while (at < source.length) {
    const literal = open.at(-1);
    if (literal !== undefined && literal.braces < 0) readText(literal);
    else if (!readCode(literal)) return undefined;
  }
  return open.length === 0 && heredocs.length === 0 ? code : undefined;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
