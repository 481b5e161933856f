/** Finds the session handlers that an app's source creates: its own, or the session shard's. */
import { locate, type Token } from "../crystal/lexer.ts";
import { codeAt } from "../crystal/names.ts";

/** The name of the handler that the initializer defines, in the app's module. */
export const HANDLER = "SessionHandler";

/** A call of `SessionHandler.new`. */
export interface HandlerUse {
  /** `own` is the handler in the app's module. Other classes with that name do not count. */
  readonly whose: "own" | "shard";
  readonly line: number;
  /** The call as in the source, without arguments that are long or contain strings. */
  readonly call: string;
}

/** @param module The app's module. */
export function handlerUses(source: string, module: string): HandlerUse[] {
  if (!source.includes(HANDLER)) return [];
  const { tokens, spans } = locate(source);
  return tokens.flatMap((token, at) => {
    const isCall = token.kind === "constant" && token.text === HANDLER &&
      codeAt(tokens, at + 1) === "." && codeAt(tokens, at + 2) === "new";
    if (!isCall) return [];
    const first = firstOf(tokens, at);
    const path = tokens.slice(first, at + 1).map((_, i) => codeAt(tokens, first + i)).join("");
    const whose = whoseIs(path, module);
    if (whose === undefined) return [];
    const end = argumentsEnd(tokens, at + 3);
    const text = source.slice(spans[first]?.start, spans[end]?.end);
    const isShort = text.length <= 80 && !text.includes("\n") &&
      tokens.slice(first, end).every((token) => "text" in token);
    const call = isShort ? text : `${path}.new${end > at + 2 ? "(…)" : ""}`;
    return [{ whose, line: token.line, call }];
  });
}

/** Inside a module, its name may be left out: in `Shop`, code may say `Web::SessionHandler`. */
function whoseIs(path: string, module: string): HandlerUse["whose"] | undefined {
  const own = `::${module}::${HANDLER}`;
  if (path === own || (!path.startsWith("::") && own.endsWith(`::${path}`))) return "own";
  return path.replace(/^::/, "") === `Session::${HANDLER}` ? "shard" : undefined;
}

/** The index of the first token of the path whose last token is at `index`. */
function firstOf(tokens: readonly Token[], index: number): number {
  let at = index;
  while (codeAt(tokens, at - 1) === "::") {
    if (tokens[at - 2]?.kind !== "constant") return at - 1;
    at -= 2;
  }
  return at;
}

/** The index of the `)` after the arguments, or of `new` without parentheses. */
function argumentsEnd(tokens: readonly Token[], index: number): number {
  if (codeAt(tokens, index) !== "(") return index - 1;
  let depth = 0;
  for (let at = index; at < tokens.length; at++) {
    if (codeAt(tokens, at) === "(") depth++;
    if (codeAt(tokens, at) === ")" && --depth === 0) return at;
  }
  return index - 1;
}
