/** Renders the templates. The only file that imports eta. */
import { Eta } from "eta";
import { messageOf, UsageError } from "../core/errors.ts";
import type { UserType } from "../core/recorded.ts";
import { crystalComment, crystalSpan, crystalString } from "./crystal/literal.ts";
import type { TemplateName, Templates } from "./crystal_templates.ts";

/** The session cookie that the app will set. */
export interface CookieSettings {
  readonly name: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  readonly domain: string | undefined;
  readonly path: string;
}

/** What the initializer is made from. */
export interface InitializerSettings {
  /** The app's module, for example `MyApp`. */
  readonly module: string;
  readonly app: string;
  /** What to require besides `session`. */
  readonly requires: readonly string[];
  /** The values for environments that `environments` does not name. */
  readonly base: EnvironmentSettings;
  readonly environments: ReadonlyMap<string, EnvironmentSettings>;
  /** The type of the users' ids. */
  readonly userType: UserType;
}

/** The settings of an environment. Durations are in milliseconds. */
export interface EnvironmentSettings {
  readonly ttl: number;
  readonly sliding: boolean;
  readonly cookie: CookieSettings;
  /** What sessions record about the visitor. */
  readonly record: { readonly ip: boolean; readonly userAgent: boolean };
  readonly store: StoreSettings;
  /** The second store of an app that moves its sessions: from there, or to there. */
  readonly second?: { readonly direction: "from" | "to"; readonly store: StoreSettings };
}

/** Where an environment keeps its sessions. Texts may contain variables. */
export interface StoreSettings {
  readonly template: "redis" | "database" | "memory";
  /** The name of the backend in the config. */
  readonly name: string;
  /** The variable that contains the URL, if it is not the usual one. */
  readonly urlVariable?: string;
  readonly keyPrefix?: string;
  readonly table?: string;
  readonly engine?: "postgres" | "mysql" | "sqlite";
  readonly poolSize?: number;
  /** Milliseconds. */
  readonly poolTimeout?: number;
  /** Milliseconds. */
  readonly cleanupInterval?: number;
  /** Only if the app's nodes cache sessions: the channel on which they learn about changes. */
  readonly nodeCache?: { readonly channel: string; readonly cacheTtl: number };
}

/** `<%= %>` writes a value as a Crystal string literal, `<%~ %>` writes Crystal code. */
const eta = new Eta({
  autoEscape: true,
  autoTrim: false,
  escapeFunction: (value: unknown) => crystalString(String(value)),
});

/**
 * The source of src/initializers/session.cr.
 * @throws {UsageError} with the name of a template that cannot be rendered.
 */
export function renderInitializer(settings: InitializerSettings, templates: Templates): string {
  const values = {
    ...settings,
    ...settingsByEnvironment(settings),
    ...databaseValues(settings),
    migrates: environmentsOf(settings).some(({ second }) => second !== undefined),
    appComment: crystalComment(settings.app),
    ...recordedValues(settings),
    userType: CRYSTAL_TYPES[settings.userType],
    nobody: NOBODY[settings.userType],
    requires: requiresOf(settings).map((name) => `require ${crystalString(name)}`).join("\n"),
  };
  const part = (name: TemplateName, more = {}) =>
    render(templates, name, { ...values, ...more }).trimEnd();
  const stores = storesOf(settings);
  const wanted: [TemplateName, boolean][] = [
    ["sealed.cr.eta", stores.some(({ template }) => template !== "memory")],
    ["store_migrating.cr.eta", values.migrates],
    ["store_memory.cr.eta", stores.some(({ template }) => template === "memory")],
    ["store_redis.cr.eta", stores.some(({ template }) => template === "redis")],
    ["store_cluster.cr.eta", stores.some(({ nodeCache }) => nodeCache !== undefined)],
    ["store_database.cr.eta", stores.some(({ template }) => template === "database")],
  ];
  const source = part("session.cr.eta", {
    choice: choiceOf(settings),
    cookieMethod: part("cookie.cr.eta"),
    stores: wanted.flatMap(([name, isUsed]) => isUsed ? [part(name)] : []).join("\n\n"),
    handler: part("handler.cr.eta"),
    context: part("context.cr.eta"),
  });
  return source.replace(/\n{3,}/g, "\n\n") + "\n";
}

const CRYSTAL_TYPES = { int64: "Int64", uuid: "UUID", string: "String" } as const;

/** What stands for nobody in the column user_id, as Crystal. */
const NOBODY = {
  int64: "0_i64",
  uuid: crystalString("00000000-0000-0000-0000-000000000000"),
  string: crystalString(""),
} as const;

/** What to require besides `session`; a UUID needs code of its own to become JSON. */
function requiresOf({ requires, userType }: InitializerSettings): readonly string[] {
  return userType === "uuid" ? ["uuid/json", ...requires] : requires;
}

/** What sessions record: in any environment, and the condition if not in all of them. */
function recordedValues({ base, environments, module }: InitializerSettings) {
  const recording = (what: "ip" | "userAgent") => {
    const usual = base.record[what];
    const others = [...environments].filter(([, { record }]) => record[what] !== usual);
    const choices = others.map(([name, { record }]) => {
      return `${crystalString(name)} => ${record[what]}`;
    });
    return {
      isRecorded: usual || others.length > 0,
      condition: choices.length === 0
        ? ""
        : ` if {${choices.join(", ")}}.fetch(${module}::SESSION_ENVIRONMENT, ${usual})`,
    };
  };
  const ip = recording("ip");
  const agent = recording("userAgent");
  const columns = ["user_id"];
  if (ip.isRecorded) columns.push("ip");
  if (agent.isRecorded) columns.push("user_agent");
  return {
    recordsIp: ip.isRecorded,
    ifIp: ip.condition,
    recordsAgent: agent.isRecorded,
    ifAgent: agent.condition,
    /** The columns of a table that sessions are found by. */
    columns,
  };
}

function environmentsOf({ base, environments }: InitializerSettings): EnvironmentSettings[] {
  return [base, ...environments.values()];
}

function storesOf(settings: InitializerSettings): StoreSettings[] {
  return environmentsOf(settings).flatMap(({ store, second }) => {
    return second === undefined ? [store] : [store, second.store];
  });
}

/** What the SQL of the database's store depends on. */
function databaseValues(settings: InitializerSettings) {
  const engines = [...new Set(storesOf(settings).flatMap(({ engine }) => engine ?? []))];
  const isMixed = engines.includes("postgres") && engines.length > 1;
  const mysql = engines.includes("mysql");
  return {
    engines,
    /** Whether only some of them number the parameters. */
    isMixed,
    p: (position: number) => {
      if (isMixed) return `#{param ${position}}`;
      return engines.includes("postgres") ? `$${position}` : "?";
    },
    quote: mysql && engines.length > 1 ? `engine == "mysql" ? '\`' : '"'` : mysql ? "'`'" : `'"'`,
  };
}

/** The code that opens the stores of an environment. */
function choiceOf(settings: InitializerSettings): string {
  const { base, environments } = settings;
  const hasEngines = databaseValues(settings).engines.length > 1;
  return byEnvironment(
    openingOf(base, hasEngines),
    new Map([...environments].map(([name, settings]) => [name, openingOf(settings, hasEngines)])),
    "SESSION_ENVIRONMENT",
  );
}

/**
 * Code that differs between environments.
 * @param usual The lines for environments without lines of their own.
 * @returns the lines, or a `case` that chooses, in a method at the depth of 4.
 */
function byEnvironment(
  usual: readonly string[],
  environments: ReadonlyMap<string, readonly string[]>,
  variable: string,
): string {
  const text = (lines: readonly string[], indent: string) =>
    lines.map((line) => `${indent}${line}\n`).join("");
  const groups = Map.groupBy(environments, ([, lines]) => text(lines, "      "));
  const otherwise = text(usual, "      ");
  groups.delete(otherwise);
  if (groups.size === 0) return text(usual, "    ").trimEnd();
  const whens = [...groups].map(([lines, members]) => {
    const names = members.map(([name]) => crystalString(name)).join(", ");
    return `    when ${names}\n${lines}`;
  });
  return `    case ${variable}\n${whens.join("")}    else\n${otherwise}    end`;
}

/**
 * The code that opens one store, or two that sessions move between.
 * @param hasEngines Whether the environments use several kinds of databases.
 */
function openingOf({ store, second }: EnvironmentSettings, hasEngines: boolean): string[] {
  const primary = openingOfStore(store, hasEngines);
  if (second === undefined) return primary;
  const [first = "", ...rest] = openingOfStore(second.store, hasEngines);
  const lines = [...primary, `${second.direction}: ${first}`, ...rest];
  const ends = [primary.length - 1, lines.length - 1];
  return [
    "MigratingSessionStore.open(",
    ...lines.map((line, at) => `  ${line}${ends.includes(at) ? "," : ""}`),
    ")",
  ];
}

/** `RedisSessionStore.open(…)`, with an option on each line if there are several. */
function openingOfStore(store: StoreSettings, hasEngines: boolean): string[] {
  const { keyPrefix = "", table = "", engine = "", nodeCache, urlVariable } = store;
  const named = {
    name: crystalString(store.name),
    ...(urlVariable === undefined ? {} : { url_variable: crystalString(urlVariable) }),
  };
  const pool = {
    pool_size: String(store.poolSize ?? 5),
    pool_timeout: crystalSpan(store.poolTimeout ?? 5000),
  };
  const cleanup = { cleanup_interval: crystalSpan(store.cleanupInterval ?? 300_000) };
  switch (store.template) {
    case "memory":
      return call("MemorySessionStore", cleanup);
    case "database":
      return call("DatabaseSessionStore", {
        ...named,
        table: crystalString(table),
        ...(hasEngines ? { engine: crystalString(engine) } : {}),
        ...cleanup,
        ...pool,
      });
    case "redis": {
      const key_prefix = crystalString(keyPrefix);
      if (nodeCache === undefined) {
        return call("RedisSessionStore", { ...named, key_prefix, ...pool });
      }
      return call("ClusteredSessionStore", {
        ...named,
        key_prefix,
        channel: crystalString(nodeCache.channel),
        cache_ttl: crystalSpan(nodeCache.cacheTtl),
        ...pool,
      });
    }
  }
}

function call(store: string, options: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(options).map(([name, value]) => `${name}: ${value}`);
  if (entries.length === 1) return [`${store}.open(${entries.join()})`];
  return [`${store}.open(`, ...entries.map((entry) => `  ${entry},`), ")"];
}

/** The settings as Crystal: a literal, or a choice by environment if they differ. */
function settingsByEnvironment({ base, environments, module }: InitializerSettings) {
  const crystal = (select: (settings: EnvironmentSettings) => string): string => {
    const usual = select(base);
    const others = [...environments].map(([name, settings]) => [name, select(settings)] as const)
      .filter(([, text]) => text !== usual)
      .map(([name, text]) => `${crystalString(name)} => ${text}`);
    if (others.length === 0) return usual;
    return `{${others.join(", ")}}.fetch(${module}::SESSION_ENVIRONMENT, ${usual})`;
  };
  return {
    ttl: crystal(({ ttl }) => crystalSpan(ttl)),
    sliding: crystal(({ sliding }) => String(sliding)),
    cookieName: crystal(({ cookie }) => crystalString(cookie.name)),
    path: crystal(({ cookie }) => crystalString(cookie.path)),
    domain: crystal(({ cookie: { domain } }) =>
      domain === undefined ? "nil" : crystalString(domain)
    ),
    secure: crystal(({ cookie }) => String(cookie.secure)),
    httpOnly: crystal(({ cookie }) => String(cookie.httpOnly)),
    sameSite: crystal(({ cookie: { sameSite } }) =>
      `HTTP::Cookie::SameSite::${sameSite.slice(0, 1).toUpperCase()}${sameSite.slice(1)}`
    ),
  };
}

/** SQL statements, each as its lines. */
export interface MigrationSql {
  readonly up: readonly (readonly string[])[];
  readonly down: readonly (readonly string[])[];
  /** Whether the first statement fails if its column is there, so that this must be ignored. */
  readonly failsIfPresent?: boolean;
}

/** A migration in each environment. */
export interface MigrationSource {
  /** UTC, `YYYYMMDDHHMMSS`. */
  readonly timestamp: string;
  /** The column that it adds; undefined if it creates the table. */
  readonly column?: string;
  /** For environments that `environments` does not name; undefined for no table. */
  readonly usual: MigrationSql | undefined;
  readonly environments: ReadonlyMap<string, MigrationSql | undefined>;
}

/** The source of a migration. */
export function renderMigration(
  { timestamp, column, usual, environments }: MigrationSource,
  templates: Templates,
): string {
  const code = (part: "up" | "down") => {
    const lines = (sql: MigrationSql | undefined) => {
      if (sql === undefined) return [NO_TABLE];
      if (part === "up" && sql.failsIfPresent) return withPresent(sql.up);
      return executions(sql[part]);
    };
    return byEnvironment(
      lines(usual),
      new Map([...environments].map(([name, sql]) => [name, lines(sql)])),
      "ENVIRONMENT",
    );
  };
  const [up, down] = [code("up"), code("down")];
  const environment = up.startsWith("    case ")
    ? "  # As in src/initializers/session.cr.\n" +
      '  ENVIRONMENT = ENV["AZU_ENV"]?.presence || ENV["CRYSTAL_ENV"]?.presence || "production"\n'
    : "";
  const template = column === undefined ? "migration.cr.eta" : "migration_column.cr.eta";
  const name = column?.split("_").map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
  const values = { timestamp, column, name, environment, up, down };
  const source = render(templates, template, values);
  return source.replace(/\)\n\n {2}def up/, ")\n  def up").trimEnd() + "\n";
}

/** Statements of which the first one adds a column that may be there. */
function withPresent([first = [], ...others]: MigrationSql["up"]): string[] {
  return [
    "begin",
    ...executions([first]).map((line) => `  ${line}`),
    "rescue error",
    "  # There is no ADD COLUMN IF NOT EXISTS.",
    '  raise error unless error.message.to_s.downcase.includes?("duplicate column")',
    "end",
    ...executions(others),
  ];
}

/** What a migration does in an environment whose sessions are elsewhere: the reader may wonder. */
const NO_TABLE = 'puts "No table for the sessions of the environment #{ENVIRONMENT} (AZU_ENV)"';

/** Statements as method calls, with one line of Crystal for each line of SQL. */
function executions(statements: readonly (readonly string[])[]): string[] {
  return statements.flatMap((lines) => {
    const literals = lines.map((line, index) =>
      crystalString(index < lines.length - 1 ? `${line}\n` : line)
    );
    if (literals.length === 1) return [`schema.exec(${literals.join()})`];
    const continued = literals.map((literal, index) =>
      index < literals.length - 1 ? `  ${literal} \\` : `  ${literal}`
    );
    return ["schema.exec(", ...continued, ")"];
  });
}

function render(templates: Templates, name: TemplateName, values: object): string {
  try {
    return eta.renderString(templates[name], values);
  } catch (error) {
    throw new UsageError(`${name}: cannot be rendered: ${messageOf(error)}`, { cause: error });
  }
}
