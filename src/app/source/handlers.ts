/** The HTTP handlers of an app: where they are listed, and which session handlers are in use. */
import { newlineOf } from "../../core/text.ts";
import { codeOf } from "../crystal/code.ts";
import { modulesAround } from "./modules.ts";

/** The name of the handler that the initializer defines, in the app's module. */
export const HANDLER = "SessionHandler";

/** A method that returns a list with one call on each line, and does nothing else. */
const LIST =
  /^( *)def self\.handlers(?: : [\w:() ]+)? *\n\1 {2}\[ *\n((?:\1 {4}[\w:]+\.new(?:\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\))?,? *\n| *\n)+)\1 {2}\](?: of [\w:]+)? *\n\1end\b/dgmu;

/** The list of handlers of a module. */
export interface HandlersList {
  /** The module that it belongs to; undefined if none is around it. */
  readonly module: string | undefined;
  /** Its elements, as in the source. */
  readonly elements: readonly string[];
  /** The source with one more handler at the end. */
  with(element: string): string;
}

/** The list of handlers in a source; undefined unless there is exactly one, in the usual form. */
export function handlersList(source: string): HandlersList | undefined {
  const code = source.includes("handlers") ? codeOf(source) : undefined;
  const [list, another] = code?.matchAll(LIST) ?? [];
  const [from, to] = list?.indices?.[2] ?? [];
  if (code === undefined || list === undefined || another !== undefined) return undefined;
  const methods = code.match(/\bdef (?:self\.)?handlers\b/g) ?? [];
  if (methods.length > 1 || code.includes("{%") || from === undefined || to === undefined) {
    return undefined;
  }
  const elements = code.slice(from, to).trimEnd();
  if (elements === "") return undefined; // a list of comments
  const end = from + elements.length;
  const lineEnd = source.indexOf("\n", end);
  const newline = newlineOf(source, lineEnd);
  const indent = `${list[1] ?? ""}    `;
  return {
    module: modulesAround(code, list.index),
    elements: source.slice(from, end).split("\n").map((line) => line.trim().replace(/,$/, ""))
      .filter((line) => line !== "" && !line.startsWith("#")),
    with: (element) =>
      source.slice(0, end) + (elements.endsWith(",") ? "" : ",") +
      source.slice(end, lineEnd + 1) + `${indent}${element},${newline}` +
      source.slice(lineEnd + 1),
  };
}

/** A call of `SessionHandler.new`. */
export interface HandlerUse {
  /** `own` is the handler in the app's module. Other classes with that name do not count. */
  readonly whose: "own" | "shard";
  readonly line: number;
  /** The call as in the source, without arguments that are long or contain texts. */
  readonly call: string;
}

const USE = new RegExp(
  `(?<![\\w:@.])((?:::)?(?:[A-Z]\\w*::)*${HANDLER})\\.new\\b` +
    String.raw`(\((?:[^()"\n]|\([^()"\n]*\)){0,60}\)|\()?`,
  "g",
);

/** @param module The app's module. */
export function handlerUses(source: string, module: string): HandlerUse[] {
  const code = source.includes(HANDLER) ? codeOf(source) : undefined;
  return [...code?.matchAll(USE) ?? []].flatMap(({ 0: text, 1: path = "", 2: options, index }) => {
    const whose = whoseIs(path, module);
    if (whose === undefined) return [];
    const call = options === "(" ? `${path}.new(…)` : text;
    return [{ whose, line: source.slice(0, index).split("\n").length, call }];
  });
}

/** Inside a module, its name may be left out: in `Shop`, code may say `Web::SessionHandler`. */
function whoseIs(path: string, module: string): HandlerUse["whose"] | undefined {
  const own = `::${module}::${HANDLER}`;
  if (path === own || (!path.startsWith("::") && own.endsWith(`::${path}`))) return "own";
  return path.replace(/^::/, "") === `Session::${HANDLER}` ? "shard" : undefined;
}
