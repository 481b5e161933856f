/** Which code is inside which: what the keywords open, and where their `end` is. */
import type { Token } from "./lexer.ts";
import { codeAt, isKeyword } from "./names.ts";

/** What a keyword opens and an `end` closes. */
export interface Block {
  /** `module`, `def`, `do`, …; `{%` if a macro opens it, so its code may be left out. */
  readonly keyword: string;
  /** The index of the keyword among the tokens. */
  readonly open: number;
  /** The index of the `end`. */
  readonly close: number;
}

const ALWAYS = new Set(["def", "macro", "do", "begin", "case"]);
const DECLARATIONS = new Set("module class struct enum lib union annotation".split(" "));
/** After a value, these are conditions for the code before them (`a if b`), without an `end`. */
const CONDITIONS = new Set(["if", "unless", "while", "until"]);
const MACROS = new Set(["if", "unless", "for", "while", "begin", "verbatim"]);

/** After these words a value is expected, so that a condition begins there. */
const BEFORE_VALUE = new Set(
  "if unless while until case when in then else elsif do begin ensure rescue and or not".split(" "),
);

/**
 * All blocks, in the order in which they end. Undefined where keywords and ends do not match: then
 * the nesting is unknown.
 */
export function blocksIn(tokens: readonly Token[]): Block[] | undefined {
  const blocks: Block[] = [];
  const open: Omit<Block, "close">[] = [];
  const macros: Omit<Block, "close">[] = [];
  const end = (stack: Omit<Block, "close">[], close: number): boolean => {
    const block = stack.pop();
    if (block !== undefined) blocks.push({ ...block, close });
    return block !== undefined;
  };
  for (let at = 0; at < tokens.length; at++) {
    if (codeAt(tokens, at) === "{%") {
      const word = codeAt(tokens, at + 1);
      if (MACROS.has(word)) macros.push({ keyword: "{%", open: at });
      else if (word === "end" && !end(macros, at)) return undefined;
      while (at < tokens.length && codeAt(tokens, at) !== "%}") at++;
    } else if (isWord(tokens, at, "end")) {
      if (!end(open, at)) return undefined;
    } else if (opens(tokens, at, open.at(-1)?.keyword)) {
      open.push({ keyword: codeAt(tokens, at), open: at });
    }
  }
  return open.length === 0 && macros.length === 0 ? blocks : undefined;
}

/** The blocks around a token, the outermost first. */
export function blocksAround(blocks: readonly Block[], index: number): Block[] {
  return blocks.filter(({ open, close }) => open < index && index < close)
    .sort((a, b) => a.open - b.open);
}

/** Whether the token is the keyword, and not the name of a method that is called or defined. */
function isWord(tokens: readonly Token[], index: number, word: string): boolean {
  return tokens[index]?.kind === "identifier" && isKeyword(tokens, index, word) &&
    codeAt(tokens, index - 1) !== "def";
}

function opens(tokens: readonly Token[], index: number, within: string | undefined): boolean {
  const word = codeAt(tokens, index);
  if (tokens[index]?.kind !== "identifier" || !isWord(tokens, index, word)) return false;
  if (word === "def") return codeAt(tokens, index - 1) !== "abstract";
  if (ALWAYS.has(word)) return true;
  if (CONDITIONS.has(word)) return expectsValue(tokens, index);
  const begins = beginsStatement(tokens, index);
  if (word === "select") return begins && tokens[index + 1]?.kind === "newline";
  // In a lib, functions are declared only.
  if (word === "fun") return begins && within !== "lib";
  if (!DECLARATIONS.has(word) || !begins) return false;
  return tokens[index + 1]?.kind === "constant" || codeAt(tokens, index + 1) === "::";
}

/** Whether a value is expected at the token, so that no condition can follow there. */
function expectsValue(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before === undefined || before.kind === "newline") return true;
  if (before.kind === "operator") return !/^[)\]}?]$/.test(before.text);
  return before.kind === "identifier" && BEFORE_VALUE.has(before.text) &&
    codeAt(tokens, index - 2) !== ".";
}

/** Whether a declaration can begin at the token. */
function beginsStatement(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before === undefined || before.kind === "newline") return true;
  return /^(?:;|%\}|\]|private|abstract|protected)$/.test(codeAt(tokens, index - 1));
}
