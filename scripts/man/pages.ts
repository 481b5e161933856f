/** The pages: what each section says, from the command line's own data. */
import {
  type Variable,
  variables,
  variablesOf,
  WHERE_FROM,
} from "../../src/cli/help/environment.ts";
import { exitCodes } from "../../src/cli/help/exit_codes.ts";
import { DOCUMENTATION, pageOf } from "../../src/cli/help/links.ts";
import { type AnyCommand, type Example, examplesOf } from "../../src/cli/program.ts";
import type { CommandLine, NamedCommand } from "../command_line.ts";
import { escaped, literal, paragraphs, tagged, text } from "./mdoc.ts";

export interface Release {
  readonly version: string;
  /** `2026-11-28` */
  readonly date: string;
}

type Option = AnyCommand["options"][number];

/** The page of azu itself. */
export function programPage({ program, commands }: CommandLine, release: Release): string {
  return page([
    ...head("azu", program.description(), release),
    ".Sh SYNOPSIS",
    ".Nm azu",
    ".Ar command",
    ".Op Ar options",
    ".Sh DESCRIPTION",
    ...text(
      "azu sets up the sessions of Azu web apps, shows them, revokes and clears them. It works on " +
        "Redis, PostgreSQL, MySQL and SQLite. The commands are:",
    ),
    ...tagged(
      commands.map(({ name, command }) => [`Cm ${escaped(name)}`, text(command.summary())]),
    ),
    ".Sh OPTIONS",
    ...text("Global options may stand before the command or after it."),
    ...optionList([...program.options, ...helpOption(program)]),
    ".Sh ENVIRONMENT",
    ...variableList(variables),
    ".Pp",
    ...text(WHERE_FROM),
    ".Sh FILES",
    ...tagged([
      ["Pa azu.config.ts", text("The config: the nearest one, in the working folder or above it.")],
      ["Pa .env", text("More variables, in the app's folder.")],
    ]),
    ...exitStatus(),
    ".Sh EXAMPLES",
    ...examplesOf(program).flatMap(example),
    ".Sh SEE ALSO",
    ...references(commands.map(manName)),
    ".Pp",
    `.Lk ${DOCUMENTATION}`,
  ]);
}

/** The page of a command. */
export function commandPage(
  named: NamedCommand,
  { program, commands }: CommandLine,
  release: Release,
): string {
  const { name, command } = named;
  const [, ...details] = command.description().split("\n\n"); // the first part is the summary
  const used = variablesOf(name);
  return page([
    ...head(manName(named), command.summary(), release),
    ".Sh SYNOPSIS",
    ".Nm azu",
    `.Cm ${escaped(name)}`,
    ...command.registeredArguments.map((argument) => {
      return `.${argument.required ? "" : "Op "}Ar ${escaped(argument.name())}`;
    }),
    ".Op Ar options",
    ".Sh DESCRIPTION",
    ...paragraphs([sentence(command.summary()), ...details]),
    ...argumentList(command),
    ".Sh OPTIONS",
    ...optionGroups(command),
    ".Ss Global options",
    ...optionList(program.options),
    ...(used.length === 0
      ? []
      : [".Sh ENVIRONMENT", ...variableList(used), ".Pp", ...text(WHERE_FROM)]),
    ...exitStatus(),
    ".Sh EXAMPLES",
    ...examplesOf(command).flatMap(example),
    ".Sh SEE ALSO",
    ...references(["azu", ...commands.filter((other) => other !== named).map(manName)]),
    ".Pp",
    `.Lk ${pageOf(name)}`,
  ]);
}

function page(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}

/** The name of the page of a command. */
export function manName({ name }: NamedCommand): string {
  return `azu-${name.replace(":", "-")}`;
}

function head(name: string, summary: string, { version, date }: Release): string[] {
  const day = new Date(`${date}T00:00Z`);
  const month = day.toLocaleString("en", { month: "long", timeZone: "UTC" });
  return [
    `.\\" azu ${version}`,
    `.Dd ${month} ${day.getUTCDate()}, ${day.getUTCFullYear()}`,
    `.Dt ${name.toUpperCase()} 1`,
    ".Os",
    ".Sh NAME",
    `.Nm ${name}`,
    `.Nd ${escaped(summary.charAt(0).toLowerCase() + summary.slice(1))}`,
  ];
}

function argumentList({ registeredArguments }: AnyCommand): string[] {
  if (registeredArguments.length === 0) return [];
  return tagged(registeredArguments.map((argument) => {
    return [`Ar ${escaped(argument.name())}`, text(sentence(argument.description))];
  }));
}

/** The options of a command, in the groups of its help. */
function optionGroups(command: AnyCommand): string[] {
  const all = [...command.options, ...helpOption(command)];
  const groups = Map.groupBy(all, ({ helpGroupHeading }) => helpGroupHeading);
  return Array.from(groups, ([heading, options]) => {
    if (heading === undefined) return optionList(options);
    const [, title = "", note] = /^(\w+)(?: \((.*)\))?:$/.exec(heading) ?? [];
    const about = note === undefined ? [] : text(sentence(capitalized(note)));
    return [`.Ss ${title}`, ...about, ...optionList(options)];
  }).flat();
}

/** `--help`, which the list of a command's options does not contain. */
function helpOption(command: AnyCommand): Option[] {
  const all = command.createHelp().visibleOptions(command);
  return all.filter((option) => !command.options.includes(option));
}

function optionList(options: readonly Option[]): string[] {
  return tagged(
    options.filter(({ hidden }) => !hidden).map(({ flags, description }) => {
      return [flagsText(flags), text(sentence(description))];
    }),
  );
}

/** `Fl b , Fl \-backend Ar name` for `-b, --backend <name>` */
function flagsText(flags: string): string {
  return flags.split(", ").map((flag) => {
    const [name = "", value] = flag.split(" ");
    const macros = `Fl ${escaped(name.slice(1))}`;
    if (value === undefined) return macros;
    const argument = `Ar ${escaped(value.slice(1, -1))}`;
    return value.startsWith("[") ? `${macros} Op ${argument}` : `${macros} ${argument}`;
  }).join(" , ");
}

function variableList(shown: readonly Variable[]): string[] {
  return tagged(shown.map(({ name, readBy, summary, details }) => {
    const reader = readBy === "the app" ? " Only the app reads it." : "";
    return [`Ev ${escaped(name)}`, text(`${sentence(summary)} ${details}${reader}`.trim())];
  }));
}

function exitStatus(): string[] {
  return [
    ".Sh EXIT STATUS",
    ...tagged(exitCodes.map(({ code, summary, details }) => {
      return [String(code), text(`${sentence(summary)} ${details}`.trim())];
    })),
  ];
}

function example([purpose, line]: Example): string[] {
  return [...text(`${purpose}:`), ...literal(line.split("\n"))];
}

function references(names: readonly string[]): string[] {
  return names.toSorted().map((name, index, all) => {
    return `.Xr ${name} 1${index < all.length - 1 ? " ," : ""}`;
  });
}

function capitalized(phrase: string): string {
  return `${phrase.charAt(0).toUpperCase()}${phrase.slice(1)}`;
}

function sentence(phrase: string): string {
  return /[.?!]$/.test(phrase) ? phrase : `${phrase}.`;
}
