/** Adds an element at the end of the list of an app's HTTP handlers. */
import { newlineOf } from "../../core/text.ts";
import { type Block, blocksAround, blocksIn } from "../crystal/blocks.ts";
import { addsOnly, inserted, type Insertion } from "../crystal/edit.ts";
import { locate, type Span, type Token } from "../crystal/lexer.ts";
import { codeAt, pathAt } from "../crystal/names.ts";

/** The blocks that a method of the app may be in. */
const HOMES = new Set(["module", "class", "struct"]);

/**
 * The source with `element` as the last handler; undefined unless exactly one list of handlers is
 * recognised with certainty.
 * @param element A Crystal expression, for example `Shop::SessionHandler.new`.
 */
export function addHandler(source: string, element: string): string | undefined {
  const { tokens, spans } = locate(source);
  const list = theList(tokens, spans);
  if (list === undefined) return undefined;
  const change = changeFor(source, tokens, spans, list, element);
  if (change === undefined) return undefined;
  const after = inserted(source, change.insertions);
  return addsOnly(source, after, change.index, change.added) ? after : undefined;
}

function theList(tokens: readonly Token[], spans: readonly Span[]): HandlersList | undefined {
  const blocks = blocksIn(tokens);
  if (blocks === undefined) return undefined;
  const [method, another] = handlerMethods(tokens, blocks);
  if (method === undefined || another !== undefined) return undefined;
  if (blocksAround(blocks, method).some(({ keyword }) => !HOMES.has(keyword))) return undefined;
  const touches = (index: number) => spans[index - 1]?.end === spans[index]?.start;
  return handlersListAt(tokens, blocks, method, touches);
}

/** What is inserted, and before which token. */
interface Change {
  readonly insertions: readonly Insertion[];
  readonly index: number;
  readonly added: string;
}

function changeFor(
  source: string,
  tokens: readonly Token[],
  spans: readonly Span[],
  list: HandlersList,
  element: string,
): Change | undefined {
  const closing = spans[list.close]?.start ?? 0;
  const last = lastCode(tokens, list.close);
  const end = spans[last]?.end ?? 0;
  const line = lineStart(source, closing);
  if (last === list.open) {
    // The formatter has a special layout for an empty list with a comment.
    if (source.slice(end, closing).includes("\n")) return undefined;
    return { insertions: [{ at: end, text: element }], index: last + 1, added: element };
  }
  const hasComma = codeAt(tokens, last) === ",";
  if (line <= end || source.slice(line, closing).trim() !== "") {
    const at = hasComma ? spans[last]?.start ?? 0 : end;
    const added = `, ${element}`;
    return { insertions: [{ at, text: added }], index: hasComma ? last : last + 1, added };
  }
  // The formatter aligns comments of consecutive lines: a new line would change that.
  if (/^[^\n]*#/.test(source.slice(closing))) return undefined;
  const indent = indentOf(source, spans, list) ?? deeper(source.slice(line, closing));
  const newline = newlineOf(source, line - 1);
  const text = `${indent}${element}${hasComma ? "," : ""}${newline}`;
  const comma = hasComma ? [] : [{ at: end, text: "," }];
  const added = hasComma ? `${element},` : `, ${element}`;
  return { insertions: [...comma, { at: line, text }], index: last + 1, added };
}

/** The index of the last token before another one that is not a newline. */
function lastCode(tokens: readonly Token[], index: number): number {
  let at = index - 1;
  while (tokens[at]?.kind === "newline") at--;
  return at;
}

/** The indentation of the last element that begins a line. */
function indentOf(
  source: string,
  spans: readonly Span[],
  { elements }: HandlersList,
): string | undefined {
  const before = elements.map((index) => {
    const start = spans[index]?.start ?? 0;
    return source.slice(lineStart(source, start), start);
  });
  return before.findLast((text) => text.trim() === "");
}

function deeper(indent: string): string {
  return indent + (indent.includes("\t") ? "\t" : "  ");
}

function lineStart(source: string, position: number): number {
  return source.lastIndexOf("\n", position - 1) + 1;
}

/** An array literal that is the whole body of a method. The indexes are those of tokens. */
export interface HandlersList {
  /** Of `[`. */
  readonly open: number;
  /** Of `]`. */
  readonly close: number;
  /** Of the first token of each element. */
  readonly elements: readonly number[];
}

const KEYWORDS = new Set("do end if unless else elsif then of in when".split(" "));

/** The indexes of the `def` of each `self.handlers`, or of `handlers` with `extend self`. */
export function handlerMethods(tokens: readonly Token[], blocks: readonly Block[]): number[] {
  const methods = blocks.filter(({ keyword }) => keyword === "def").map(({ open }) => open);
  return methods.filter((at) => {
    if (codeAt(tokens, at + 1) === "self") {
      return codeAt(tokens, at + 2) === "." && codeAt(tokens, at + 3) === "handlers";
    }
    return codeAt(tokens, at + 1) === "handlers" && extendsSelf(tokens, blocks, at);
  }).sort((a, b) => a - b);
}

function extendsSelf(tokens: readonly Token[], blocks: readonly Block[], index: number): boolean {
  const home = blocksAround(blocks, index).at(-1);
  if (home?.keyword !== "module") return false;
  for (let at = home.open; at < home.close; at++) {
    const found = codeAt(tokens, at) === "extend" && codeAt(tokens, at + 1) === "self";
    if (found && blocksAround(blocks, at).at(-1) === home) return true;
  }
  return false;
}

/**
 * The list that the method at `index` returns. Undefined if the method takes arguments or does
 * anything else. Also if an added element might not become an element: after a call without
 * parentheses it would be an argument, and macros may do anything with a list.
 */
export function handlersListAt(
  tokens: readonly Token[],
  blocks: readonly Block[],
  index: number,
  touches: (index: number) => boolean,
): HandlersList | undefined {
  const method = blocks.find(({ open }) => open === index);
  if (method === undefined) return undefined;
  const open = bodyOf(tokens, index);
  if (open === undefined || codeAt(tokens, open) !== "[") return undefined;
  const close = closing(tokens, open);
  if (close === undefined || afterType(tokens, close + 1) !== method.close) return undefined;
  const inner = blocks.filter((block) => block.open > open && block.close < close);
  const own = outsideOf(tokens, inner, open, close);
  const isBare = (at: number) => isCalled(tokens, at - 1) && beginsArgument(tokens, at, touches);
  return own.some(isBare) ? undefined : { open, close, elements: elementsIn(tokens, own) };
}

/** The index of the first token in the body of a method without arguments. */
function bodyOf(tokens: readonly Token[], index: number): number | undefined {
  let at = codeAt(tokens, index + 1) === "self" ? index + 4 : index + 2;
  if (codeAt(tokens, at) === "(") {
    if (codeAt(tokens, at + 1) !== ")") return undefined;
    at += 2;
  }
  if (codeAt(tokens, at) === ":") { while (at < tokens.length && !isBreak(tokens, at)) at++; }
  return isBreak(tokens, at) ? afterBreaks(tokens, at) : undefined;
}

/** The index after `of HTTP::Handler` and newlines. */
function afterType(tokens: readonly Token[], index: number): number {
  if (codeAt(tokens, index) !== "of") return afterBreaks(tokens, index);
  return afterBreaks(tokens, pathAt(tokens, index + 1)?.end ?? index);
}

function isBreak(tokens: readonly Token[], index: number): boolean {
  return tokens[index]?.kind === "newline" || codeAt(tokens, index) === ";";
}

function afterBreaks(tokens: readonly Token[], index: number): number {
  let at = index;
  while (isBreak(tokens, at)) at++;
  return at;
}

const CLOSING: ReadonlyMap<string, string> = new Map(
  Object.entries({ "(": ")", "[": "]", "{": "}", "@[": "]", "#{": "}" }),
);

/** The index of the bracket that closes the one at `index`; undefined if there are macros. */
function closing(tokens: readonly Token[], index: number): number | undefined {
  const expected: string[] = [];
  for (let at = index; at < tokens.length; at++) {
    const code = codeAt(tokens, at);
    const isMacro = code === "{%" || (code === "{" && codeAt(tokens, at + 1) === "{");
    if (isMacro) return undefined;
    const close = CLOSING.get(code);
    if (close !== undefined) expected.push(close);
    else if (/^[)\]}]$/.test(code) && expected.pop() !== code) return undefined;
    if (expected.length === 0) return at;
  }
}

/** The indexes of the tokens that are not inside brackets or blocks of an element. */
function outsideOf(
  tokens: readonly Token[],
  blocks: readonly Block[],
  open: number,
  close: number,
): number[] {
  const own: number[] = [];
  let depth = 0;
  for (let at = open + 1; at < close; at++) {
    const code = codeAt(tokens, at);
    const inBlock = blocks.some((block) => block.open <= at && at <= block.close);
    if (depth === 0 && !inBlock) own.push(at);
    if (CLOSING.has(code)) depth++;
    else if (/^[)\]}]$/.test(code)) depth--;
  }
  return own;
}

/** The indexes at which elements begin. */
function elementsIn(tokens: readonly Token[], own: readonly number[]): number[] {
  const code = own.filter((at) => tokens[at]?.kind !== "newline");
  return code.filter((_, i) => i === 0 || codeAt(tokens, code[i - 1] ?? 0) === ",");
}

function isCalled(tokens: readonly Token[], index: number): boolean {
  return tokens[index]?.kind === "identifier" && !KEYWORDS.has(codeAt(tokens, index));
}

/** Whether the token at `index`, after a name, begins an argument of a call, not an operator. */
function beginsArgument(
  tokens: readonly Token[],
  index: number,
  touches: (index: number) => boolean,
): boolean {
  const token = tokens[index];
  if (token === undefined || token.kind === "newline" || touches(index)) return false;
  if (token.kind === "identifier") return !KEYWORDS.has(token.text);
  if (token.kind !== "operator") return true;
  if (/^(?:\[|\(|->|::|@\[|!|~|\.\.\.?)$/.test(token.text)) return true;
  return /^(?:-|\+|\*|\*\*|&|%)$/.test(token.text) && touches(index + 1);
}
