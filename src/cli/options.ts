/** The words of the command line: data, from which parsing and help are both made. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** What its value is called in the help, for example `<name>`. */
  readonly value?: string;
  readonly summary: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

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

export interface CommandSpec {
  readonly summary: string;
  /** Sentences for the command's own help. */
  readonly details: readonly string[];
  readonly options: OptionSpecs;
  /** Pairs of what it does and how it is written. */
  readonly examples: readonly (readonly [string, string])[];
}

const backend = {
  type: "string",
  short: "b",
  value: "<name>",
  summary: "redis, database, memory, or a backend of the config's own",
} as const;

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
  "session:clear": {
    summary: "Remove every session from the store: logs out all users",
    details: [
      "Asks first, unless --force is given. The backend is that of --backend, else the store in",
      "src/initializers/session.cr, else SESSION_BACKEND, else session.backend in azu.config.ts,",
      "else redis. Only keys under the configured prefix, or rows of the configured table, are",
      "ever touched. Where several nodes of the app cache sessions of one Redis, they are then told",
      "to drop them.",
    ],
    options: {
      backend,
      force: { type: "boolean", short: "f", summary: "Do not ask" },
      "dry-run": { type: "boolean", summary: "Count the sessions; remove none" },
      "no-broadcast": {
        type: "boolean",
        summary: "Do not tell app nodes to drop the sessions that they cache",
      },
    },
    examples: [
      ["Count what would be cleared", "azu session:clear --dry-run"],
      ["Log everybody out", "azu session:clear"],
      ["The same in a script, with an answer to parse", "azu session:clear --force --json"],
      ["Clear the production store", "AZU_ENV=production azu session:clear"],
    ],
  },
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
