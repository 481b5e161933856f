import type { Token } from "./lexer.ts";

/** A constant or a variable as the code writes it. */
export interface Name {
  /** The last segment, by which names compare: `RedisStore` of `Session::RedisStore`. */
  readonly last: string;
  /** All of it, without a leading `::`. */
  readonly path: string;
}

/** What the names of a file stand for: the bases of classes, the values of assignments. */
export type Definitions = ReadonlyMap<string, readonly Name[]>;

const BRANCHES = new Set("if unless else elsif case when in while until rescue".split(" "));

/** What can follow a variable that is a whole expression. */
const AFTER_VARIABLE = new Set([")", ";", ",", "}", "end", "if", "unless"]);

/** The text of the token at `index` when it is code, else "". */
export function codeAt(tokens: readonly Token[], index: number): string {
  const token = tokens[index];
  return token !== undefined && "text" in token ? token.text : "";
}

/** Whether the token at `index` is `word` as a keyword, not as a method or an argument's name. */
export function isKeyword(tokens: readonly Token[], index: number, word: string): boolean {
  return codeAt(tokens, index) === word && codeAt(tokens, index - 1) !== "." &&
    codeAt(tokens, index + 1) !== ":";
}

/** Whether the token at `index` is assigned to, and is no attribute or name of a method. */
export function isAssigned(tokens: readonly Token[], index: number): boolean {
  const kind = tokens[index]?.kind;
  return (kind === "constant" || kind === "identifier") &&
    /^(?:\|\|)?=$/.test(codeAt(tokens, index + 1)) &&
    !/^(?:\.|def)$/.test(codeAt(tokens, index - 1));
}

/** The constant at the start of the expression at `index`, or the variable if it is just one. */
export function nameAt(tokens: readonly Token[], index: number): Name | undefined {
  let at = index;
  while (tokens[at]?.kind === "newline") at++;
  return tokens[at]?.kind === "identifier" ? variableAt(tokens, at) : pathAt(tokens, at)?.name;
}

function variableAt(tokens: readonly Token[], index: number): Name | undefined {
  const next = tokens[index + 1];
  const alone = next === undefined || next.kind === "newline";
  if (!alone && !AFTER_VARIABLE.has(codeAt(tokens, index + 1))) return undefined;
  const name = codeAt(tokens, index);
  return { last: name, path: name };
}

/** The constant that stands at `index`, and the index behind it. */
export function pathAt(
  tokens: readonly Token[],
  index: number,
): { name: Name; end: number } | undefined {
  let at = codeAt(tokens, index) === "::" ? index + 1 : index;
  if (tokens[at]?.kind !== "constant") return undefined;
  const segments = [codeAt(tokens, at++)];
  while (codeAt(tokens, at) === "::" && tokens[at + 1]?.kind === "constant") {
    segments.push(codeAt(tokens, at + 1));
    at += 2;
  }
  return { name: { last: segments.at(-1) ?? "", path: segments.join("::") }, end: at };
}

/** Reads what classes inherit from and what variables, constants and aliases are assigned. */
export function readDefinitions(tokens: readonly Token[]): Definitions {
  const found = new Map<string, Name[]>();
  const branches = countBranches(tokens);
  const assignedOn = new Map<string, number>();
  for (const [index, token] of tokens.entries()) {
    const inherited = isKeyword(tokens, index, "class") ? classAt(tokens, index + 1) : undefined;
    if (inherited !== undefined) add(found, inherited.name.last, inherited.base);
    if (!isAssigned(tokens, index)) continue;
    const name = codeAt(tokens, index);
    const before = assignedOn.get(name);
    // For a variable, the last assignment counts, unless a condition may decide which is the last.
    const replaced = before !== undefined && !branches.between(before, token.line);
    if (token.kind === "identifier" && replaced) found.delete(name);
    assignedOn.set(name, token.line);
    add(found, name, nameAt(tokens, index + 2));
  }
  return found;
}

function add(found: Map<string, Name[]>, name: string, value: Name | undefined): void {
  const values = found.get(name);
  if (value === undefined) return;
  if (values === undefined) found.set(name, [value]);
  else values.push(value);
}

/** Reads `Name(T) < Base` after the keyword. */
function classAt(tokens: readonly Token[], index: number): { name: Name; base: Name } | undefined {
  const path = pathAt(tokens, index);
  if (path === undefined) return undefined;
  const end = afterParentheses(tokens, path.end);
  const base = codeAt(tokens, end) === "<" ? nameAt(tokens, end + 1) : undefined;
  return base === undefined ? undefined : { name: path.name, base };
}

/**
 * The indexes of the tokens inside the bodies of the named classes. A body ends at the first line
 * of the class's own indentation that begins with `end`: this is exact for a formatted file, and
 * finds too few tokens rather than too many in others.
 */
export function insideClasses(
  source: string,
  tokens: readonly Token[],
  names: ReadonlySet<string>,
): number[] {
  const lines = source.split("\n");
  const indentOf = (line: number) => /^[ \t]*/.exec(lines[line - 1] ?? "")?.[0] ?? "";
  const inside = new Set<number>();
  for (const [index, { line }] of tokens.entries()) {
    if (!isKeyword(tokens, index, "class")) continue;
    if (!names.has(pathAt(tokens, index + 1)?.name.last ?? "")) continue;
    for (let at = index + 1; at < tokens.length; at++) {
      const token = tokens[at];
      const begins = tokens[at - 1]?.kind === "newline";
      const isEnd = begins && token !== undefined && codeAt(tokens, at) === "end" &&
        indentOf(token.line) === indentOf(line);
      const isOneLiner = token?.kind === "newline" && token.line === line &&
        codeAt(tokens, at - 1) === "end";
      if (isEnd || isOneLiner) break;
      inside.add(at);
    }
  }
  return [...inside].sort((a, b) => a - b);
}

/** The index after the parentheses that open at `index`, or `index` itself when none close. */
export function afterParentheses(tokens: readonly Token[], index: number): number {
  let depth = 0;
  for (let at = index; at < tokens.length; at++) {
    const code = codeAt(tokens, at);
    if (code === "(") depth++;
    else if (code === ")") depth--;
    else if (code === "def" || code === "class") break;
    if (depth === 0) return code === ")" ? at + 1 : index;
  }
  return index;
}

/** Tells whether a keyword that branches is on the lines from `first` to `last`, inclusive. */
function countBranches(tokens: readonly Token[]) {
  let count = 0;
  const before = new Map<number, number>();
  const through = new Map<number, number>();
  for (const [index, { line }] of tokens.entries()) {
    if (!before.has(line)) before.set(line, count);
    const code = codeAt(tokens, index);
    if (BRANCHES.has(code) && isKeyword(tokens, index, code)) count++;
    through.set(line, count);
  }
  return {
    between: (first: number, last: number): boolean =>
      (through.get(last) ?? 0) > (before.get(first) ?? 0),
  };
}

/** What the constant is assigned each time: a text, or undefined when it is no plain literal. */
export function literalsOf(
  tokens: readonly Token[],
  indexes: Iterable<number>,
  constant: string,
): (string | undefined)[] {
  return [...indexes].flatMap((index) => {
    const token = tokens[index];
    if (token?.kind !== "constant" || token.text !== constant) return [];
    return isAssigned(tokens, index) ? [literalAt(tokens, index + 2)] : [];
  });
}

/** What may follow the value of an assignment, apart from the end of the line. */
const ENDS = [";", "end", "}"];

/** The text at `index` if it is a plain literal and the whole value, up to one of `ends`. */
export function literalAt(
  tokens: readonly Token[],
  index: number,
  ends = ENDS,
): string | undefined {
  const token = tokens[index];
  if (token?.kind !== "string" || !token.literal) return undefined;
  let next = index + 1;
  while (tokens[next]?.kind === "newline") next++;
  // A method call on the next line (`.upcase`) still belongs to the text.
  if (codeAt(tokens, next) === ".") return undefined;
  const isWhole = next > index + 1 || next >= tokens.length || ends.includes(codeAt(tokens, next));
  return isWhole ? token.value : undefined;
}

/** The value, if all `values` are equal; otherwise undefined. */
export function onlyOne(values: readonly (string | undefined)[]): string | undefined {
  const distinct = new Set(values);
  return distinct.size === 1 ? values[0] : undefined;
}
