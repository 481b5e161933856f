/**
 * The commands of a page of the documentation.
 *
 * - A block `console` has lines `$ command`, each followed by its output. A line `…` stands for any
 *   lines.
 * - In a block `sh`, each line is a command whose output is not shown.
 * - `exit=<code>` behind the language states the exit code of the last command, if that is not 0.
 * - `not-run="reason"` behind the language marks a block that cannot run in a test.
 * - `file=<name>` behind the language says that the reader saves the block as this file.
 * - `<!-- test: step; step -->` prepares what the following commands need: see steps.ts.
 */
import { join } from "node:path";

/** The languages of blocks whose commands are run. */
const COMMANDS = ["sh", "console"];

const DOCS = join(import.meta.dirname ?? "", "../../docs");

export interface Command {
  readonly kind: "command";
  readonly line: number;
  readonly text: string;
  readonly code: number;
  /** Its output; undefined if the page does not show it. */
  readonly output: readonly string[] | undefined;
}

export type Item =
  | Command
  | { readonly kind: "steps"; readonly names: readonly string[] }
  | { readonly kind: "file"; readonly name: string; readonly content: string }
  | { readonly kind: "not run"; readonly reason: string; readonly text: string };

interface Block {
  /** Of its first line of content, from 1. */
  readonly line: number;
  readonly language: string;
  readonly info: string;
  readonly lines: readonly string[];
}

/** The pages of these kinds, as paths in the folder `docs`. The reference has tests of its own. */
export function pages(): string[] {
  const inFolder = (folder: string) => {
    return Array.from(Deno.readDirSync(join(DOCS, folder)), ({ name }) => `${folder}/${name}`);
  };
  return ["tutorial.md", ...inFolder("how-to"), ...inFolder("explanation")].sort();
}

/** @param name A path in the folder `docs`. */
export function readPage(name: string): string {
  return Deno.readTextFileSync(join(DOCS, name));
}

/** What a page contains, from top to bottom. */
export function itemsOf(page: string): Item[] {
  const items: Item[] = [];
  for (const part of partsOf(page)) {
    if (typeof part === "string") {
      items.push({ kind: "steps", names: part.split(";").map((name) => name.trim()) });
    } else {
      items.push(...itemsOfBlock(part));
    }
  }
  return items;
}

/** The contents of the blocks in a language. */
export function blocksIn(page: string, language: string): string[] {
  return partsOf(page)
    .filter((part) => typeof part !== "string")
    .filter((block) => block.language === language)
    .map(({ lines }) => lines.map((line) => `${line}\n`).join(""));
}

/** The blocks, and the texts of the comments for the test. */
function partsOf(page: string): (Block | string)[] {
  const parts: (Block | string)[] = [];
  const lines = page.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const text = lines[index] ?? "";
    const steps = /^\s*<!-- test: (.+) -->$/.exec(text)?.[1];
    if (steps !== undefined) parts.push(steps);
    const [, indent, language = "", info = ""] = /^(\s*)```(\w+) ?(.*)$/.exec(text) ?? [];
    if (indent === undefined) continue;
    const first = index + 1;
    const end = lines.indexOf(`${indent}\`\`\``, first);
    if (end === -1) throw new Error(`The block in line ${first} has no end`);
    const content = lines.slice(first, end).map((line) => line.slice(indent.length));
    parts.push({ line: first + 1, language, info, lines: content });
    index = end;
  }
  return parts;
}

function itemsOfBlock(block: Block): Item[] {
  const { language, info, line, lines } = block;
  if (!/^(?:not-run="[^"]+"|file=\S+|exit=\d+)?$/.test(info)) {
    throw new Error(`Line ${line}: ${info} is not known`);
  }
  const name = /\bfile=(\S+)/.exec(info)?.[1];
  if (name !== undefined) return [{ kind: "file", name, content: `${lines.join("\n")}\n` }];
  if (!COMMANDS.includes(language)) {
    const hidden = lines.find((text) => /^(?:\$ |azu )/.test(text));
    if (hidden === undefined) return [];
    throw new Error(`Line ${line}: ${hidden} is a command, but not in a block sh or console`);
  }
  const reason = /\bnot-run="([^"]+)"/.exec(info)?.[1];
  if (reason !== undefined) return [{ kind: "not run", reason, text: lines.join("\n") }];
  const commands = language === "sh" ? plainCommands(block) : shownCommands(block);
  const code = Number(/\bexit=(\d+)/.exec(info)?.[1] ?? 0);
  return commands.map((command, index) => ({
    ...command,
    code: index === commands.length - 1 ? code : 0,
  }));
}

function plainCommands({ line, lines }: Block): Omit<Command, "code">[] {
  return lines
    .map((text, index) => commandOf(text, line + index, undefined))
    .filter(({ text }) => text !== "" && !text.startsWith("#"));
}

function shownCommands({ line, lines }: Block): Omit<Command, "code">[] {
  const starts = lines.flatMap((text, index) => text.startsWith("$ ") ? [index] : []);
  if (starts[0] !== 0) throw new Error(`The block in line ${line} begins without a command`);
  return starts.map((start, index) => {
    const output = lines.slice(start + 1, starts[index + 1] ?? lines.length);
    return commandOf((lines[start] ?? "").slice(2), line + start, output);
  });
}

function commandOf(text: string, line: number, output: readonly string[] | undefined) {
  return { kind: "command", line, text, output } as const;
}
