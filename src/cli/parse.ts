import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageError } from "../core/errors.ts";
import { nearest } from "../core/text.ts";
import {
  type CommandName,
  commandNames,
  commandSpecs,
  globalOptions,
  isCommandName,
  type OptionSpecs,
} from "./options.ts";

/** What was asked for. */
export interface ParsedArgs {
  readonly command: CommandName | undefined;
  /** Whether the word `help` stood in place of a command. */
  readonly help: boolean;
  /** The value of an option that takes one; undefined where it was not given. */
  text(option: string): string | undefined;
  /** Whether an option that takes no value was given. */
  flag(option: string): boolean;
}

type ParseOptions = NonNullable<ParseArgsConfig["options"]>;

/** @throws {UsageError} for an unknown command or option, or a value missing or too many. */
export function parseCommandLine(args: readonly string[]): ParsedArgs {
  const words = positionals(args);
  const help = words[0] === "help";
  const [name, ...rest] = help ? words.slice(1) : words;
  const command = name === undefined ? undefined : commandNamed(name);
  const options = command === undefined ? {} : commandSpecs[command].options;
  const specs: OptionSpecs = { ...globalOptions, ...options };
  const values = strictly(args, specs, command); // a mistyped option makes a word of its value
  if (rest[0] !== undefined) {
    throw new UsageError(`Unexpected argument "${rest[0]}"`, {
      hint: helpHint(command),
    });
  }
  return {
    command,
    help,
    text: (option) => typeof values[option] === "string" ? values[option] : undefined,
    flag: (option) => values[option] === true,
  };
}

/** The words that are neither options nor their values, whichever command's options they are. */
function positionals(args: readonly string[]): string[] {
  const all = Object.assign({}, globalOptions, ...commandNames.map((n) => commandSpecs[n].options));
  const config = {
    args: [...args],
    options: forParser(all),
    strict: false,
    allowPositionals: true,
  };
  return parseArgs(config).positionals;
}

function strictly(args: readonly string[], specs: OptionSpecs, command: CommandName | undefined) {
  try {
    const config = { args: [...args], options: forParser(specs), allowPositionals: true };
    return parseArgs(config).values;
  } catch (error) {
    throw new UsageError(problemOf(error, specs), { hint: helpHint(command), cause: error });
  }
}

/** The parser's own sentences are for programmers. */
function problemOf(error: unknown, specs: OptionSpecs): string {
  const message = error instanceof Error ? error.message : String(error);
  const option = /'(-[^\s',]+)/.exec(message)?.[1] ?? "";
  if (message.startsWith("Unknown option")) {
    const meant = nearest(option, Object.keys(specs).map((name) => `--${name}`));
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    return `Unknown option ${option}${hint}`;
  }
  const name = /--([\w-]+)/.exec(message)?.[1] ?? "";
  if (specs[name]?.type === "string") return `Option --${name} expects a value`;
  return `Option ${name === "" ? option : `--${name}`} takes no value`;
}

function forParser(specs: OptionSpecs): ParseOptions {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  );
}

function commandNamed(name: string): CommandName {
  if (isCommandName(name)) return name;
  const meant = nearest(name, commandNames);
  if (/^(?:db|new|generate|serve|config|jobs?)\b/.test(name)) {
    throw new UsageError(`${name} is not a command of this tool`, {
      hint: "It belongs to the Azu framework's own azu: run that one",
    });
  }
  throw new UsageError(
    `Unknown command "${name}"${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    { hint: `Commands: ${commandNames.join(", ")}. See azu --help` },
  );
}

function helpHint(command: CommandName | undefined): string {
  return `See azu ${command === undefined ? "" : `${command} `}--help`;
}
