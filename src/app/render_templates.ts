/** Renders the templates. The only file that imports eta. */
import { Eta } from "eta";
import { messageOf, UsageError } from "../core/errors.ts";
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

/** What the initializer is made from. Durations are in milliseconds. */
export interface InitializerSettings {
  /** The app's module, for example `MyApp`. */
  readonly module: string;
  readonly app: string;
  readonly template: "redis" | "database" | "memory";
  /** What to require besides `session`. */
  readonly requires: readonly string[];
  readonly keyPrefix?: string;
  readonly table?: string;
  readonly quotedTable?: string;
  readonly engine?: "postgres" | "mysql" | "sqlite";
  /** The channel on which nodes that cache sessions learn about changes; undefined without caches. */
  readonly clusterChannel?: string;
  /** The values for environments that `environments` does not name. */
  readonly base: EnvironmentSettings;
  readonly environments: ReadonlyMap<string, EnvironmentSettings>;
}

/** The settings that can differ between environments. Durations are in milliseconds. */
export interface EnvironmentSettings {
  readonly ttl: number;
  readonly sliding: boolean;
  readonly cookie: CookieSettings;
  readonly poolSize?: number;
  readonly poolTimeout?: number;
  readonly cleanupInterval?: number;
  readonly cacheTtl?: number;
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
  const clustered = settings.clusterChannel !== undefined;
  const values = {
    ...settings,
    ...settingsByEnvironment(settings),
    appComment: crystalComment(settings.app),
    requires: settings.requires.map((name) => `require ${crystalString(name)}`).join("\n"),
    storeClass: clustered ? "ClusteredSessionStore" : "SessionStore",
    p: (position: number) => settings.engine === "postgres" ? `$${position}` : "?",
  };
  const part = (name: TemplateName, more = {}) =>
    render(templates, name, { ...values, ...more }).trimEnd();
  const cookieMethod = part("cookie.cr.eta");
  const stores = [part(`store_${settings.template}.cr.eta`, { cookieMethod })];
  if (clustered) stores.push(part("store_cluster.cr.eta"));
  const source = part("session.cr.eta", {
    store: stores.join("\n\n"),
    handler: part("handler.cr.eta"),
    context: part("context.cr.eta"),
    cluster: clustered ? `\n${part("cluster.cr.eta")}` : "",
  });
  return source.replace(/\n{3,}/g, "\n\n") + "\n";
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
    poolSize: crystal(({ poolSize = 5 }) => String(poolSize)),
    poolTimeout: crystal(({ poolTimeout = 5000 }) => crystalSpan(poolTimeout)),
    cleanupInterval: crystal(({ cleanupInterval = 300_000 }) => crystalSpan(cleanupInterval)),
    cacheTtl: crystal(({ cacheTtl = 30_000 }) => crystalSpan(cacheTtl)),
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

/**
 * The source of a migration.
 * @param timestamp UTC, `YYYYMMDDHHMMSS`.
 * @param up SQL statements, each as its lines; likewise `down`.
 */
export function renderMigration(
  timestamp: string,
  up: readonly (readonly string[])[],
  down: readonly (readonly string[])[],
  templates: Templates,
): string {
  return render(templates, "migration.cr.eta", {
    timestamp,
    up: up.map(execution).join("\n"),
    down: down.map(execution).join("\n"),
  }).trimEnd() + "\n";
}

/** A statement as a method call, with one line of Crystal for each line of SQL. */
function execution(lines: readonly string[]): string {
  if (lines.length === 1) return `    schema.exec(${crystalString(lines[0] ?? "")})`;
  const literals = lines.map((line, index) =>
    crystalString(index < lines.length - 1 ? `${line}\n` : line)
  );
  return `    schema.exec(\n      ${literals.join(" \\\n      ")}\n    )`;
}

function render(templates: Templates, name: TemplateName, values: object): string {
  try {
    return eta.renderString(templates[name], values);
  } catch (error) {
    throw new UsageError(`${name}: cannot be rendered: ${messageOf(error)}`, { cause: error });
  }
}
