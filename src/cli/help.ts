import {
  type CommandName,
  commandNames,
  type CommandSpec,
  commandSpecs,
  globalOptions,
  type OptionSpecs,
} from "./options.ts";

/** The help of the tool, or of one command. */
export function helpText(command: CommandName | undefined): string {
  return command === undefined ? toolHelp() : commandHelp(command, commandSpecs[command]);
}

function toolHelp(): string {
  return [
    "Set up and operate the sessions of Azu web apps",
    "",
    "Usage: azu <command> [options]",
    "",
    "Commands:",
    ...columns(commandNames.map((name) => [name, commandSpecs[name].summary])),
    "",
    "Options:",
    ...optionLines(globalOptions),
    "",
    "Exit codes:",
    ...columns([
      ["0", "done, or nothing to do"],
      ["1", "failed, or only partly done"],
      ["2", "the command line or the config is wrong"],
      ["3", "this backend cannot do that"],
      ["130, 143", "interrupted by Ctrl-C, ended by SIGTERM"],
    ]),
    "",
    "See azu <command> --help for a command's own options and examples",
  ].join("\n");
}

function commandHelp(name: CommandName, spec: CommandSpec): string {
  return [
    spec.summary,
    "",
    `Usage: azu ${name} [options]`,
    "",
    ...spec.details,
    "",
    "Options:",
    ...optionLines(spec.options),
    "",
    "Options of every command:",
    ...optionLines(globalOptions),
    "",
    "Examples:",
    ...spec.examples.flatMap(([purpose, example]) => [`  # ${purpose}`, `  ${example}`]),
  ].join("\n");
}

function optionLines(specs: OptionSpecs): string[] {
  return columns(
    Object.entries(specs).map(([name, { short, value, summary }]) => [
      `${short === undefined ? "    " : `-${short}, `}--${name}${
        value === undefined ? "" : ` ${value}`
      }`,
      summary,
    ]),
  );
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
