/** The blocks that come from the command line: commands, options, examples, variables, codes. */
import { type Variable, variables, variablesOf } from "../../src/cli/help/environment.ts";
import { exitCodes } from "../../src/cli/help/exit_codes.ts";
import { type AnyCommand, examplesOf } from "../../src/cli/program.ts";
import type { CommandName } from "../../src/cli/summaries.ts";
import { messageOf } from "../../src/core/errors.ts";
import { readableVariables } from "../../src/core/variables.ts";
import { loadCommandLine, type NamedCommand } from "../command_line.ts";
import { code, codeBlock, prose, table, wrapped } from "./markdown.ts";

type Blocks = ReadonlyMap<string, string>;
type Option = AnyCommand["options"][number];
type Argument = AnyCommand["registeredArguments"][number];

function pageOf(command: CommandName): string {
  return `commands/${command.replace(":", "-")}.md`;
}

/** The pages that are made from the command line, and their blocks. Selections have their own. */
export async function commandPages(): Promise<Map<string, Blocks>> {
  const { program, commands } = await loadCommandLine();
  const pages = new Map<string, Blocks>([
    [
      "index.md",
      new Map([
        ["commands", commandTable(commands)],
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
  for (const { name, command } of commands) {
    const selection = command.options.filter(isSelection);
    if (selection.length > 0) {
      pages.set("selections.md", new Map([["options", optionTable(selection, "sessions")]]));
    }
    pages.set(pageOf(name), blocksOf(name, command));
  }
  return pages;
}

function isSelection({ helpGroupHeading = "" }: Option): boolean {
  return helpGroupHeading.startsWith("Selection");
}

/** The blocks of the page of a command. */
function blocksOf(name: CommandName, command: AnyCommand): Blocks {
  const { registeredArguments } = command;
  const options = command.options.filter((option) => !isSelection(option));
  const blocks = new Map([["usage", usageOf(name, command)]]);
  if (registeredArguments.length > 0) blocks.set("arguments", argumentTable(registeredArguments));
  if (options.length > 0) blocks.set("options", optionTable(options));
  blocks.set("examples", exampleBlock(command));
  const read = variablesOf(name);
  if (read.length > 0) blocks.set("environment variables", variableList(read));
  blocks.set("exit codes", exitCodeTable(false));
  return blocks;
}

/** How the command is called, and what its help says about it beyond the summary. */
function usageOf(name: CommandName, command: AnyCommand): string {
  const call = codeBlock("text", [`azu ${name} ${command.usage()}`]);
  const [, ...paragraphs] = command.description().split("\n\n");
  return [call, ...paragraphs.map((text) => wrapped(prose(text)))].join("\n\n");
}

function commandTable(commands: readonly NamedCommand[]): string {
  return table(
    ["command", "what it does"],
    commands.map(({ name, command }) => {
      return [`[${code(name)}](${pageOf(name)})`, prose(command.summary())];
    }),
  );
}

function argumentTable(args: readonly Argument[]): string {
  return table(
    ["argument", "meaning"],
    args.map((argument) => {
      const name = argument.name();
      return [code(argument.required ? `<${name}>` : `[${name}]`), prose(argument.description)];
    }),
  );
}

/** @param meaning The title of the second column. */
function optionTable(options: readonly Option[], meaning = "meaning"): string {
  return table(
    ["option", meaning],
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
    const [, limits] = /^Expected .* (from \d.* to \d.*)\.$/.exec(messageOf(error)) ?? [];
    if (limits !== undefined) return `; ${limits}`;
  }
  return "";
}

function exampleBlock(command: AnyCommand): string {
  const texts = examplesOf(command).map(([purpose, line]) => [`# ${purpose}`, line].join("\n"));
  return codeBlock("sh", texts.join("\n\n").split("\n"));
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
