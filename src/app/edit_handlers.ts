/** Adds an element to the list of an app's HTTP handlers, as its last. */
import { newlineOf } from "../core/text.ts";
import { locate, type Span, type Token } from "./crystal.ts";
import { blocksAround, blocksIn } from "./crystal_blocks.ts";
import { addsOnly, inserted, type Insertion } from "./crystal_edit.ts";
import { codeAt } from "./crystal_names.ts";
import { handlerMethods, type HandlersList, handlersListAt } from "./handlers_list.ts";

/** What a method of the app itself may be in. */
const HOMES = new Set(["module", "class", "struct"]);

/**
 * The source with `element` as the last of the handlers; undefined where no list of them, or more
 * than one, is recognised with certainty.
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

/** What is put in, and before which token. */
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
    // The formatter has a layout of its own for an empty list with a comment in it.
    if (source.slice(end, closing).includes("\n")) return undefined;
    return { insertions: [{ at: end, text: element }], index: last + 1, added: element };
  }
  const hasComma = codeAt(tokens, last) === ",";
  if (line <= end || source.slice(line, closing).trim() !== "") {
    const at = hasComma ? spans[last]?.start ?? 0 : end;
    const added = `, ${element}`;
    return { insertions: [{ at, text: added }], index: hasComma ? last : last + 1, added };
  }
  // The formatter aligns the comments of lines that follow each other: a line between moves them.
  if (/^[^\n]*#/.test(source.slice(closing))) return undefined;
  const indent = indentOf(source, spans, list) ?? deeper(source.slice(line, closing));
  const newline = newlineOf(source, line - 1);
  const text = `${indent}${element}${hasComma ? "," : ""}${newline}`;
  const comma = hasComma ? [] : [{ at: end, text: "," }];
  const added = hasComma ? `${element},` : `, ${element}`;
  return { insertions: [...comma, { at: line, text }], index: last + 1, added };
}

/** The index of the last token before another that is not the end of a line. */
function lastCode(tokens: readonly Token[], index: number): number {
  let at = index - 1;
  while (tokens[at]?.kind === "newline") at--;
  return at;
}

/** How the last element that begins a line is indented. */
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
