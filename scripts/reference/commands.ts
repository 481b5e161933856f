/** The blocks that come from the command line: commands, options, examples, variables, codes. */
import { type Variable, variables, variablesOf } from "../../src/cli/help/environment.ts";
import { exitCodes } from "../../src/cli/help/exit_codes.ts";
import { type newCommand, newProgram } from "../../src/cli/program.ts";
import { commands } from "../../src/cli/run.ts";
import { type CommandName, summaries } from "../../src/cli/summaries.ts";
import { messageOf } from "../../src/core/errors.ts";
import { readableVariables } from "../../src/core/variables.ts";
import type { Output } from "../../src/cli/terminal/host.ts";
import { code, codeBlock, prose, table } from "./markdown.ts";

type Blocks = ReadonlyMap<string, string>;
type Program = ReturnType<typeof newProgram>;
type Option = Program["options"][number];
type Command = ReturnType<typeof newCommand>;

/** The group of the options that select sessions. They have a page of their own. */
const SELECTION = /^Selection/;

function pageOf(command: string): string {
  return `commands/${command.replace(":", "-")}.md`;
}

/** The pages that are made from the command line, and their blocks. */
export async function commandPages(): Promise<Map<string, Blocks>> {
  const program = newProgram({ stdout: silent, stderr: silent }, "");
  const pages = new Map<string, Blocks>([
    [
      "index.md",
      new Map([
        ["commands", commandTable()],
        ["global options", optionTable(program.createHelp().visibleOptions(program))],
      ]),
    ],
    [
      "environment.md",
      new Map([
        ["variables", variableTable(variables)],
        ["readable variables", readableVariables.map((name) => `- ${code(name)}`).join("\n")],
      ]),
    ],
    ["exit-codes.md", new Map([["exit codes", exitCodeTable(true)]])],
  ]);
  for (const [name, load] of commands) {
    const command = (await load())(async () => {});
    const selection = command.options.filter(({ helpGroupHeading = "" }) =>
      SELECTION.test(helpGroupHeading)
    );
    const own = command.options.filter((option) => !selection.includes(option));
    if (selection.length > 0) {
      pages.set("selections.md", new Map([["options", optionTable(selection)]]));
    }
    pages.set(
      pageOf(name),
      new Map([
        ["usage", codeBlock("text", [`azu ${name} ${command.usage()}`])],
        ["options", optionTable(own)],
        ["examples", codeBlock("sh", examplesOf(command))],
        ["environment variables", variableList(variablesOf(name))],
        ["exit codes", exitCodeTable(false)],
      ]),
    );
  }
  return pages;
}

const silent: Output = {
  isTerminal: false,
  isClosed: false,
  columns: () => undefined,
  rows: () => undefined,
  write: () => {},
};

function commandTable(): string {
  const names = Object.keys(summaries) as CommandName[];
  return table(
    ["command", "what it does"],
    names.map((name) => [`[${code(name)}](${pageOf(name)})`, prose(summaries[name])]),
  );
}

function optionTable(options: readonly Option[]): string {
  return table(
    ["option", "meaning"],
    options.filter(({ hidden }) => !hidden).map((option) => [
      option.flags.split(", ").map(code).join(", "),
      prose(option.description + limitsOf(option)),
    ]),
  );
}

/** The range of a value, as the message about a wrong one states it. */
function limitsOf({ parseArg }: Option): string {
  try {
    parseArg?.("", undefined);
  } catch (error) {
    const [, limits] = /^Expected .* (from \d.*)\.$/.exec(messageOf(error)) ?? [];
    if (limits !== undefined) return `; ${limits}`;
  }
  return "";
}

/** What the help shows below "Examples:", without its indentation. */
function examplesOf(command: Command): string[] {
  let help = "";
  command.configureOutput({ writeOut: (text) => help += text }).outputHelp();
  const [, examples = ""] = /^Examples:\n((?: {2}.*\n)*)/m.exec(help) ?? [];
  if (examples === "") throw new Error(`The help of ${command.name()} has no examples`);
  const lines = examples.trimEnd().split("\n").map((line) => line.slice(2));
  return lines.flatMap((line, index) => index > 0 && line.startsWith("#") ? ["", line] : [line]);
}

function variableTable(shown: readonly Variable[]): string {
  return table(
    ["variable", "read by", "meaning"],
    shown.map(({ name, readBy, summary, details }) => [
      code(name),
      readBy === "the app" ? readBy : readBy.replace("azu", "`azu`"),
      prose(sentences(summary, details)),
    ]),
  );
}

function sentences(summary: string, details: string): string {
  return details === "" ? summary : `${summary}. ${details}`;
}

/** What a command reads, without the details. */
function variableList(shown: readonly Variable[]): string {
  return table(
    ["variable", "meaning"],
    shown.map(({ name, summary }) => [code(name), prose(summary)]),
  );
}

function exitCodeTable(isDetailed: boolean): string {
  return table(
    ["code", "meaning"],
    exitCodes.map(({ code, summary, details }) => {
      return [String(code), prose(isDetailed ? sentences(summary, details) : summary)];
    }),
  );
}
