/**
 * The environment variables. The help of each command, `azu help environment`, the man pages and
 * the reference are made from this list. Texts mark code with backticks.
 */
import type { CommandName } from "../summaries.ts";

export interface Variable {
  readonly name: string;
  readonly readBy: "azu" | "the app" | "azu and the app";
  /** What it says: a phrase for a list. */
  readonly summary: string;
  /** What the summary leaves out: sentences, or empty. */
  readonly details: string;
  /** The commands that use it. */
  readonly commands: readonly CommandName[];
}

/** The commands for which it matters where the app keeps its sessions. */
const withBackend: readonly CommandName[] = [
  "init",
  "session:setup",
  "session:status",
  "session:list",
  "session:revoke",
  "session:sweep",
  "session:copy",
  "session:clear",
  "session:doctor",
];

/** The commands that read the audit log, which may be in a database. */
const audit: readonly CommandName[] = ["audit:list", "audit:verify"];

/** The commands that write it. */
const recorded: readonly CommandName[] = [
  "session:list",
  "session:revoke",
  "session:sweep",
  "session:copy",
  "session:clear",
];

const all: readonly CommandName[] = [...withBackend, "session:secret", ...audit];

const inEnvironments = [...withBackend.filter((name) => name !== "init"), ...audit];

export const variables: readonly Variable[] = [
  {
    name: "REDIS_URL",
    readBy: "azu and the app",
    summary: "The address of Redis",
    details: "The config's `url` overrides it.",
    commands: withBackend,
  },
  {
    name: "DATABASE_URL",
    readBy: "azu and the app",
    summary: "The address of the database",
    details: "The config's `url` overrides it.",
    commands: [...withBackend, ...audit],
  },
  {
    name: "SESSION_BACKEND",
    readBy: "azu",
    summary: "The name of the backend, unless --backend states it",
    details: "It overrides `session.backend` in the config. The store in " +
      "`src/initializers/session.cr` overrides it, except for `session:setup`.",
    commands: withBackend.filter((name) => name !== "session:copy"),
  },
  {
    name: "AZU_ENV",
    readBy: "azu and the app",
    summary: "The environment, unless --env states it",
    details: "It selects one of the config's `environments`. Default: `CRYSTAL_ENV`, or else " +
      "`production`.",
    commands: inEnvironments,
  },
  {
    name: "CRYSTAL_ENV",
    readBy: "azu and the app",
    summary: "The environment, if AZU_ENV is not set",
    details: "The Azu framework also reads it for its own purposes.",
    commands: inEnvironments,
  },
  {
    name: "SESSION_SECRET",
    readBy: "azu and the app",
    summary: "The app's secret, which opens sealed sessions",
    details: "The app requires at least 32 bytes, except in development and test. `azu` opens " +
      "sealed payloads with it, and never prints it.",
    commands: [
      "session:setup",
      "session:status",
      "session:list",
      "session:revoke",
      "session:copy",
      "session:secret",
      "session:doctor",
    ],
  },
  {
    name: "SESSION_SECRET_PREVIOUS",
    readBy: "azu and the app",
    summary: "The secrets before it, the latest first, separated by commas",
    details: "They open sessions that were sealed before `SESSION_SECRET` was changed. Blanks " +
      "around an element and empty elements do not count. The app starts even if one is weak.",
    commands: [
      "session:status",
      "session:list",
      "session:revoke",
      "session:copy",
      "session:secret",
      "session:doctor",
    ],
  },
  {
    name: "AZU_BACKUP_PASSPHRASE",
    readBy: "azu",
    summary: "The passphrase of a backup file",
    details: "At least 12 characters for a new backup. Without it, `azu` asks at a terminal.",
    commands: ["session:copy"],
  },
  {
    name: "XDG_STATE_HOME",
    readBy: "azu",
    summary: "The folder for ledgers of copies, in its folder `azu`",
    details: "Default: `~/.local/state`. `--ledger` overrides it.",
    commands: ["session:copy"],
  },
  {
    name: "LOGNAME",
    readBy: "azu",
    summary: "Who runs the command, for the audit log",
    details: "`--actor` and `SUDO_USER` come before it, `USER` and `USERNAME` after it.",
    commands: recorded,
  },
  {
    name: "NODE_ID",
    readBy: "the app",
    summary: "The name of a node, if nodes cache sessions",
    details: "Used with `cluster`. Default: a random name.",
    commands: [],
  },
  {
    name: "NO_COLOR",
    readBy: "azu",
    summary: "No colours, if it is not empty",
    details: "",
    commands: all,
  },
  {
    name: "TERM",
    readBy: "azu",
    summary: "No colours and no progress line, if it is `dumb`",
    details: "",
    commands: all,
  },
];

/** Where the variables come from. */
export const WHERE_FROM =
  "`azu` also reads them from `.env` in the app's folder, except `NO_COLOR`, `TERM`, `LOGNAME` " +
  "and `XDG_STATE_HOME`. The " +
  "environment wins. A variable that is empty counts as not set.";

/** The variables that a command uses. */
export function variablesOf(command: CommandName): readonly Variable[] {
  return variables.filter(({ commands }) => commands.includes(command));
}
