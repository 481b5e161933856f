import { parseArgs, type ParseArgsConfig } from "node:util";
import { type AzuError, Problems, UsageError } from "../core/errors.ts";
import { nearest } from "../core/text.ts";
import type { OptionSpec } from "./option_spec.ts";
import { expectedNumber, numberOf } from "./option_values.ts";
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
  /** The value of an option that takes a number, a duration in milliseconds; likewise. */
  number(option: string): number | undefined;
  /** Whether an option that takes no value was given. */
  flag(option: string): boolean;
}

type ParseOptions = NonNullable<ParseArgsConfig["options"]>;

/** @throws {AzuError} for options and values that are wrong, all at once; for a word too many. */
export function parseCommandLine(args: readonly string[]): ParsedArgs {
  const words = positionals(args);
  const help = words[0] === "help";
  const [name, ...rest] = help ? words.slice(1) : words;
  const command = name === undefined ? undefined : commandNamed(name);
  const options = command === undefined ? {} : commandSpecs[command].options;
  const specs: OptionSpecs = { ...globalOptions, ...options };
  const { values, problems } = read(args, specs); // a mistyped option makes a word of its value
  const error = usageError(problems, command);
  if (error) throw error;
  if (rest[0] !== undefined) {
    throw new UsageError(`Unexpected argument "${rest[0]}"`, {
      hint: helpHint(command),
    });
  }
  return {
    command,
    help,
    text: (option) => values.get(option),
    number: (option) => {
      const [text, spec] = [values.get(option), specs[option]?.number];
      return text === undefined || spec === undefined ? undefined : numberOf(spec, text);
    },
    flag: (option) => values.has(option),
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

/** The options that were given, with their values, the last one where there are several. */
function read(args: readonly string[], specs: OptionSpecs) {
  const config = { args: [...args], options: forParser(specs), allowPositionals: true };
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const token of parseArgs({ ...config, strict: false, tokens: true }).tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    // What looks like an option is one, and the value has been forgotten.
    const given = inlineValue === false && /^-./.test(value) ? undefined : value;
    const problem = problemOf(name, rawName, given, specs);
    if (problem === undefined) values.set(name, given ?? "");
    else problems.push(problem);
  }
  return { values, problems: [...new Set(problems)] };
}

/** What is wrong with an option as it was given; undefined where nothing is. */
function problemOf(
  name: string,
  rawName: string,
  value: string | undefined,
  specs: OptionSpecs,
): string | undefined {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const meant = nearest(rawName, Object.keys(specs).map((known) => `--${known}`));
    return `Unknown option ${rawName}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
  }
  if (spec.type === "boolean") {
    return value === undefined ? undefined : `Option --${name} takes no value`;
  }
  if (value === undefined) return `Option --${name} expects a value`;
  return numberProblem(name, spec, value);
}

function numberProblem(name: string, { number }: OptionSpec, value: string): string | undefined {
  if (number === undefined || numberOf(number, value) !== undefined) return undefined;
  const shown = value.length > 40 ? `${value.slice(0, 37)}...` : value;
  return `--${name}: expected ${expectedNumber(number)}, got "${shown}"`;
}

function usageError(
  problems: readonly string[],
  command: CommandName | undefined,
): AzuError | undefined {
  const [first, ...others] = problems;
  if (first === undefined) return undefined;
  const hint = helpHint(command);
  return others.length === 0 ? new UsageError(first, { hint }) : new Problems(problems, { hint });
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
