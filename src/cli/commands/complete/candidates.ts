/** Finds what to offer at the cursor. */
import type { Host } from "../../terminal/host.ts";
import type { Line, Option } from "./line.ts";

export interface Candidate {
  /** The whole word. */
  readonly value: string;
  /** May be empty. */
  readonly description: string;
}

/** Words, or the names of files or folders, which the shell knows itself. */
export type Offer = readonly Candidate[] | "files" | "folders";

export async function offerFor(host: Host, line: Line): Promise<Offer> {
  const { option, current } = line;
  if (option !== undefined) return await valuesOf(host, line, option);
  const all = current.startsWith("-") ? options(line) : words(line);
  return all.filter(({ value }) => value.startsWith(current));
}

async function valuesOf(host: Host, line: Line, option: Option): Promise<Offer> {
  const { prefix, current } = line;
  if (option.flags.includes("<file>")) return "files";
  if (option.flags.includes("<folder>")) return "folders";
  const names = await namesFor(host, line, option);
  const offered = option.flags.includes("<list>") ? withNext(current, names) : names;
  return offered
    .filter((name) => name.startsWith(current))
    .map((name) => ({ value: `${prefix}${name}`, description: "" }));
}

async function namesFor(host: Host, line: Line, option: Option): Promise<readonly string[]> {
  if (option.argChoices !== undefined) return option.argChoices;
  if (!["--backend", "--from", "--to", "--env"].includes(option.long ?? "")) return [];
  const { backendsFor, environmentsFor } = await import("./names.ts");
  return option.long === "--env" ? environmentsFor(host, line) : backendsFor(host, line);
}

/** Lists with commas: the words that are complete, and one of those that may come next. */
function withNext(current: string, words: readonly string[]): string[] {
  const given = current.split(",").slice(0, -1);
  return words.filter((word) => !given.includes(word)).map((word) => [...given, word].join(","));
}

/** Commands, or the arguments of a command. What takes no argument takes only options. */
function words(line: Line): readonly Candidate[] {
  const { program, command, given } = line;
  if (command === undefined) {
    const visible = program.createHelp().visibleCommands(program);
    return visible.map((one) => ({ value: one.name(), description: one.summary() }));
  }
  const argument = command.registeredArguments[given];
  if (argument === undefined) return options(line);
  return (argument.argChoices ?? []).map((value) => ({ value, description: "" }));
}

/** The options by their long names; by the short ones where such a one has been typed. */
function options({ program, command, current }: Line): readonly Candidate[] {
  const help = program.createHelp();
  const own = help.visibleOptions(command ?? program);
  const all = command === undefined ? own : [...own, ...help.visibleGlobalOptions(command)];
  const isShort = /^-[^-]/.test(current);
  return all.flatMap(({ short, long, description }) => {
    const value = isShort ? short : long ?? short;
    return value === undefined ? [] : [{ value, description }];
  });
}
