/** Makes the declaration file: every type that src/mod.ts exports, and those that they mention. */
import { openProgram, ts } from "./compiler.ts";
import { definition, type Expansion } from "./expand.ts";
import { copied, docOf, isWrittenOut, namesIn } from "./source.ts";

const HEADER = "// Types for azu.config.ts, written by `azu init`. " +
  "Refresh with: azu init --update-types\n" +
  '/// <reference lib="es2015" />\n/// <reference lib="esnext.disposable" />\n';
const WIDTH = 100;

/**
 * @param entry The path of src/mod.ts.
 * @returns the text of azu.d.ts, formatted.
 */
export async function generateTypes(entry: string): Promise<string> {
  const program = openProgram([entry]);
  const exported = exportsOf(entry, program);
  const functions = exported.filter(({ flags }) => flags & ts.SymbolFlags.Function);
  const texts = declareAll(program, exported, [functions, exported]);
  // Without the last line, what is not exported could be imported too.
  const body = [...texts, "export {};"].join("\n\n");
  const file = await formatted(`${HEADER}\ndeclare module "azu" {\n${body}\n}\n`);
  return reflowed(file);
}

function exportsOf(entry: string, program: ts.Program): ts.Symbol[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(entry);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`Cannot read the exports of ${entry}`);
  return checker.getExportsOfModule(module).map((symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  );
}

/** The declarations of each group and of what it mentions, in the order of their mention. */
function declareAll(
  program: ts.Program,
  exported: readonly ts.Symbol[],
  groups: readonly (readonly ts.Symbol[])[],
): string[] {
  const checker = program.getTypeChecker();
  const texts = new Map<ts.Symbol, string>();
  const wanted = new Set<ts.Symbol>();
  const mention = (symbol: ts.Symbol) => wanted.add(symbol);
  const named = exported.filter(({ flags }) => flags & ts.SymbolFlags.Type)
    .map((symbol) => ({ symbol, type: checker.getDeclaredTypeOfSymbol(symbol) }));
  for (const group of groups) {
    group.forEach(mention);
    // The loop comes to what is added in it.
    for (const symbol of wanted) {
      if (texts.has(symbol)) continue;
      const keyword = exported.includes(symbol) ? "export " : "";
      texts.set(symbol, declared(symbol, keyword, program, { checker, named, mention }));
    }
  }
  return [...texts.values()];
}

function declared(
  symbol: ts.Symbol,
  keyword: string,
  program: ts.Program,
  expansion: Expansion,
): string {
  return declarationsOf(symbol).map((declaration) => {
    const start = docOf(declaration) + keyword;
    if (isWrittenOut(declaration)) {
      namesIn(declaration, program).forEach(expansion.mention);
      return start + copied(declaration);
    }
    const type = expansion.checker.getDeclaredTypeOfSymbol(symbol);
    return `${start}type ${symbol.name} = ${definition(type, expansion)};`;
  }).join("\n");
}

/** Of a function with overloads, those: its implementation is private. */
function declarationsOf({ declarations = [] }: ts.Symbol): ts.Declaration[] {
  const overloads = declarations.filter((declaration) =>
    ts.isFunctionDeclaration(declaration) && declaration.body === undefined
  );
  return overloads.length > 0 ? overloads : declarations;
}

/** The text as the project's formatter lays it out. */
async function formatted(text: string): Promise<string> {
  const args = ["fmt", "--quiet", "--no-config", "--ext=ts", `--line-width=${WIDTH}`, "-"];
  const child = new Deno.Command(Deno.execPath(), {
    ...{ args, stdin: "piped", stdout: "piped", stderr: "inherit" },
  }).spawn();
  const [{ success, stdout }] = await Promise.all([
    child.output(),
    ReadableStream.from([new TextEncoder().encode(text)]).pipeTo(child.stdin),
  ]);
  if (!success) throw new Error("Cannot format the declarations");
  return new TextDecoder().decode(stdout);
}

/**
 * The text with every paragraph of its comments filled up to the width: they have another
 * indentation here. A name of an error that `"azu"` does not export is left out.
 */
function reflowed(text: string): string {
  const comment = /^( *)\/\*\*([^]*?)\*\/$/gm;
  return text.replace(comment, (_, indent: string, body: string) => {
    const lines = body.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd());
    const paragraphs: string[] = [];
    for (const line of lines.filter((line) => line !== "")) {
      const plain = line.replace(/@throws \{\w+\} /, "@throws ");
      const begins = paragraphs.length === 0 || /^(?:@|- )/.test(plain);
      if (begins) paragraphs.push(plain);
      else paragraphs.push(`${paragraphs.pop()} ${plain.trim()}`);
    }
    const whole = `${indent}/** ${paragraphs[0]} */`;
    if (paragraphs.length === 1 && whole.length <= WIDTH) return whole;
    const filled = paragraphs.flatMap((paragraph) => linesOf(paragraph, `${indent} * `));
    return [`${indent}/**`, ...filled, `${indent} */`].join("\n");
  });
}

/** A paragraph as lines; those after the first of a tag are indented. */
function linesOf(paragraph: string, start: string): string[] {
  const lines: string[] = [];
  let current = start;
  let isEmpty = true;
  for (const word of paragraph.split(" ")) {
    if (!isEmpty && current.length + word.length + 1 > WIDTH) {
      lines.push(current);
      current = `${start}${/^[@-]/.test(paragraph) ? "  " : ""}`;
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}
