/** Defines the command line with commander. Only this file imports it. */
import {
  Argument,
  Command,
  CommanderError,
  type CommandUnknownOpts,
  InvalidArgumentError,
  Option,
} from "@commander-js/extra-typings";
import { formatMilliseconds, parseDuration } from "../core/duration.ts";
import { type ExitCode, UsageError } from "../core/errors.ts";
import { helpWidth, item, list } from "./help/layout.ts";
import { DOCUMENTATION } from "./help/links.ts";
import { type CommandName, summaries } from "./summaries.ts";
import type { Host } from "./terminal/host.ts";
import type { Reporter } from "./terminal/reporter.ts";

/** What a command does with its options. */
export type Action<Options> = (
  host: Host,
  options: Options & GlobalOptions,
  reporter: Reporter,
) => Promise<ExitCode>;

/** Runs an action. A command calls it once its options are known to be valid. */
export type Run = <Options>(action: Action<Options>, options: Options) => Promise<void>;

export type AnyCommand = CommandUnknownOpts;

/** The program without its commands. */
export function newProgram(host: Pick<Host, "stdout" | "stderr">, version: string) {
  const program = new Command("azu")
    .description("Set up and operate the sessions of Azu web apps")
    .usage("<command> [options]")
    .option("--config <file>", "The config file (default: the nearest azu.config.ts)")
    .option("--env <name>", "The environment (default: AZU_ENV, else CRYSTAL_ENV, else production)")
    .option("-C, --directory <folder>", "Work in this folder")
    .option("--json", "Print one JSON document on stdout; help stays text")
    .option("-q, --quiet", "Print warnings and errors only")
    .version(version, "-V, --version", "Show the version")
    .helpOption("-h, --help", "Show this help")
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => command.name(),
      // Our descriptions name the choices.
      optionDescription: ({ description }) => description,
      argumentDescription: ({ description }) => description,
      // Our help has no colours. By default, Commander searches every word for them, which takes
      // longer than all the rest.
      displayWidth: (text) => text.length,
      formatItem: (term, termWidth, description, { helpWidth = 80 }) =>
        item(term, termWidth, description, helpWidth),
    })
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: () => {}, // parse() throws it
      getOutHelpWidth: () => helpWidth(host.stdout),
      getErrHelpWidth: () => helpWidth(host.stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  addExamples(program, [
    ["How many sessions there are, and whether the store is well", "azu session:status"],
    ["Log out one user everywhere", "azu session:revoke --user 42"],
    ["Count what a clear would remove", "azu session:clear --dry-run"],
  ]);
  addHelpText(program, (width) => {
    const more = ["azu <command> --help", "azu help environment|exit-codes|config", DOCUMENTATION];
    return [
      "",
      "Exit codes:",
      ...list(EXIT_CODES, width),
      "",
      "More help:",
      ...more.map((line) => `  ${line}`),
    ].join("\n");
  });
  return program;
}

/** In short: `azu help exit-codes` says more. */
const EXIT_CODES = [
  ["0", "done, or nothing to do"],
  ["1", "failed, or only partly done"],
  ["2", "the command line or the config is wrong"],
  ["3", "this backend cannot do that"],
  ["130, 143", "interrupted by Ctrl-C, ended by SIGTERM"],
  ["129", "ended because the terminal was closed (SIGHUP)"],
] as const;

/** The options of every command. They may stand before the command or after it. */
export type GlobalOptions = Omit<ReturnType<ReturnType<typeof newProgram>["opts"]>, "version">;

/** Creates a command. The caller adds its options and action. */
export function newCommand(name: CommandName, details: string) {
  const summary = summaries[name];
  return new Command(name)
    .summary(summary)
    .description(`${summary}\n\n${details}`)
    .usage("[options]");
}

/** A command that is only listed: to define its options takes time. */
export function listedCommand(name: CommandName) {
  return new Command(name).summary(summaries[name]);
}

/** A command without a text for the help. */
export function undescribedCommand(name: string) {
  return new Command(name);
}

/** A purpose, and the command line that serves it. */
export type Example = readonly [purpose: string, line: string];

const examples = new WeakMap<object, readonly Example[]>();

/** Adds examples to the help of a command. */
export function addExamples<C extends AnyCommand>(command: C, all: readonly Example[]): C {
  examples.set(command, all);
  const lines = all.flatMap(([purpose, line]) => [`  # ${purpose}`, `  ${line}`]);
  command.addHelpText("after", ["", "Examples:", ...lines].join("\n"));
  return command;
}

/** The examples that {@linkcode addExamples} has added. */
export function examplesOf(command: AnyCommand): readonly Example[] {
  return examples.get(command) ?? [];
}

/** Adds text to the end of the help. It is made only if somebody reads it. */
export function addHelpText(command: AnyCommand, text: (width: number) => string): void {
  const { getOutHelpWidth } = command.configureOutput();
  command.addHelpText("after", () => text(getOutHelpWidth?.() ?? 0));
}

/**
 * An option whose value is one of a list, or made of words of a list. The completion offers them.
 * They are not checked: `read` does that.
 * @param read Parses the value, and throws if it is wrong.
 */
export function choice<const Flags extends string, T>(
  flags: Flags,
  description: string,
  words: readonly string[],
  read: (text: string) => T,
) {
  return new Option(flags, description).choices(words).argParser(read);
}

/** The same for an argument. The action of its command checks the value. */
export function wordArgument<const Name extends string>(
  name: Name,
  description: string,
  words: readonly string[],
) {
  return new Argument(name, description).choices(words).argParser((text) => text);
}

/**
 * Makes the parser of an option's value.
 * @param read Returns undefined for a wrong value.
 * @param expected What is right: a phrase.
 */
export function value<T>(
  read: (text: string) => T | undefined,
  expected: string,
): (text: string) => T {
  return (text) => {
    const found = read(text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

/** The same for an option that may be given several times. */
export function values<T>(
  read: (text: string) => T | undefined,
  expected: string,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  const one = value(read, expected);
  return (text, before = []) => [...before, one(text)];
}

/** Reads the value of an option as a whole number. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return value((text) => {
    const number = /^\d{1,12}$/.test(text) ? Number(text) : NaN;
    return number >= least && number <= most ? number : undefined;
  }, `a whole number from ${least} to ${most}`);
}

/** Reads the value of an option as a duration with a unit, in milliseconds. 0 needs no unit. */
export function duration(least: number, most: number): (text: string) => number {
  const range = `from ${formatMilliseconds(least)} to ${formatMilliseconds(most)}`;
  return value((text) => {
    const time = text === "0" ? 0 : parseDuration(text) ?? NaN;
    return time >= least && time <= most ? time : undefined;
  }, `a time with a unit such as "50ms" or "5s", ${range}`);
}

/**
 * Parses the arguments and runs the command that they name, or prints the help or the version.
 * @throws {UsageError} if they are wrong. Also throws what the command throws.
 */
export async function parse(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // it has printed the help or the version
    throw usageError(error, args);
  }
}

/** What people type for a command or option of azu. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ["clear", "azu session:clear"],
  ["setup", "azu session:setup"],
  ["session clear", "azu session:clear"],
  ["session setup", "azu session:setup"],
  ["sessions:clear", "azu session:clear"],
  ["clear:sessions", "azu session:clear"],
  ["secret", "azu session:secret"],
  ["rotate", "azu session:secret --rotate --write"],
  ["session secret", "azu session:secret"],
  ["status", "azu session:status"],
  ["stats", "azu session:status"],
  ["info", "azu session:status"],
  ["session status", "azu session:status"],
  ["session:stats", "azu session:status"],
  ["session:info", "azu session:status"],
  ["session:count", "azu session:status"],
  ["sessions:status", "azu session:status"],
  ["status:sessions", "azu session:status"],
  ["list", "azu session:list"],
  ["ls", "azu session:list"],
  ["sessions", "azu session:list"],
  ["session list", "azu session:list"],
  ["sessions:list", "azu session:list"],
  ["list:sessions", "azu session:list"],
  ["revoke", "azu session:revoke"],
  ["logout", "azu session:revoke"],
  ["session revoke", "azu session:revoke"],
  ["session logout", "azu session:revoke"],
  ["session:logout", "azu session:revoke"],
  ["sessions:revoke", "azu session:revoke"],
  ["revoke:sessions", "azu session:revoke"],
  ["copy", "azu session:copy"],
  ["session copy", "azu session:copy"],
  ["sessions:copy", "azu session:copy"],
  ["copy:sessions", "azu session:copy"],
  ["session:move", "azu session:copy"],
  ["session:migrate", "azu session:copy"],
  ["session", "azu session:status, session:list, session:revoke, session:clear or session:setup"],
  ["version", "azu --version"],
  ["-v", "azu --version"],
  ["help help", "azu help"],
]);

/** Commander's message, whose second line is a suggestion: `(Did you mean --force?)`. */
function usageError(error: CommanderError, args: readonly string[]): UsageError {
  const [, message = "", suggestion] =
    /^(?:error: )?(.*?)(?:\n\((Did you mean .*)\))?$/s.exec(error.message) ?? [];
  const [, command] = /^unknown command '(\w+).*'$/.exec(message) ?? [];
  if (/^(?:db|new|generate|serve|config|jobs?)$/.test(command ?? "")) {
    return new UsageError(`${command} is not a command of this tool`, {
      hint: "It is a command of the Azu framework's azu: run that tool",
    });
  }
  const [first = "", second = ""] = args;
  const meant = MEANT.get(`${first} ${second}`) ?? MEANT.get(first);
  if (meant !== undefined && /^unknown|^too many|^error/.test(message)) {
    return new UsageError(`${first} is not a command of azu`, { hint: `Did you mean ${meant}?` });
  }
  if (message === "(outputHelp)") {
    return new UsageError("Expected a command", { hint: "See azu --help" });
  }
  const name = args.find((arg) => Object.hasOwn(summaries, arg));
  return new UsageError(message.charAt(0).toUpperCase() + message.slice(1), {
    hint: suggestion ?? `See azu ${name === undefined ? "" : `${name} `}--help`,
  });
}
