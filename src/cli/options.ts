/** Every command and its options. */
import { sessionClear } from "./commands/session_clear/command.ts";
import { backend, type CommandSpec, type OptionSpecs } from "./option_spec.ts";

export type { CommandSpec, OptionSpecs } from "./option_spec.ts";

/** What every command understands. */
export const globalOptions = {
  config: {
    type: "string",
    value: "<file>",
    summary: "The config file (default: the nearest azu.config.ts)",
  },
  directory: { type: "string", short: "C", value: "<folder>", summary: "Work in this folder" },
  json: { type: "boolean", summary: "Print one JSON document on stdout" },
  quiet: { type: "boolean", short: "q", summary: "Print warnings and errors only" },
  help: { type: "boolean", short: "h", summary: "Show this help" },
  version: { type: "boolean", short: "V", summary: "Show the version" },
} as const satisfies OptionSpecs;

export const commandSpecs = {
  "init": {
    summary: "Write a commented azu.config.ts, and the types that editors need for it",
    details: [
      "Writes azu.config.ts and azu.d.ts into the app's folder: that of the nearest shard.yml, else",
      "the working folder. A file that exists and differs is never overwritten without --force.",
    ],
    options: {
      force: {
        type: "boolean",
        short: "f",
        summary: "Overwrite files that differ (they are shown)",
      },
      "dry-run": { type: "boolean", summary: "Show what would be written; write nothing" },
      "update-types": { type: "boolean", summary: "Write azu.d.ts only, as this version has it" },
    },
    examples: [
      ["Begin a config", "azu init"],
      ["After an update of azu, bring the types up to date", "azu init --update-types"],
    ],
  },
  "session:setup": {
    summary: "Set up the sessions of the app in this folder",
    details: [
      "Writes src/initializers/session.cr and, for database, a migration; adds what is missing to",
      "shard.yml, .env.example and .gitignore; offers to require the initializer and to add its",
      "handler in the app's own source; then lists what is left to do. What it offers is shown, and",
      "done where you answer y, or with --yes. A file that exists and differs is never overwritten",
      "without --force. The backend is that of --backend, else SESSION_BACKEND, else",
      "session.backend in azu.config.ts, else redis. What is written serves every environment of the",
      "config: the app chooses by AZU_ENV when it runs.",
    ],
    options: {
      backend,
      force: {
        type: "boolean",
        short: "f",
        summary: "Overwrite files that differ (they are shown)",
      },
      yes: {
        type: "boolean",
        short: "y",
        summary: "Make the changes that are offered, without asking",
      },
      "dry-run": { type: "boolean", summary: "Show what would be done; do nothing" },
      apply: { type: "boolean", summary: "Also create the table in the database itself" },
      eject: {
        type: "boolean",
        summary: "Only copy azu's templates, for `templates` in the config",
      },
    },
    examples: [
      ["Set up sessions in Redis", "azu session:setup"],
      ["The same in a script, the app's own source included", "azu session:setup --yes"],
      [
        "See first what a set-up on the database would do",
        "azu session:setup -b database --dry-run",
      ],
      ["Set up on the database and create its table", "azu session:setup -b database --apply"],
      ["Change what is written: begin with the templates", "azu session:setup --eject"],
    ],
  },
  "session:clear": sessionClear,
} as const satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof commandSpecs;

export const commandNames = [
  "init",
  "session:setup",
  "session:clear",
] as const satisfies CommandName[];

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandSpecs, name);
}
