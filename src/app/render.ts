// eta and the templates are imported here and nowhere else: loaded only when files are made.
import { Eta } from "eta";
import cookieTemplate from "../../templates/cookie.cr.eta" with { type: "text" };
import initializerTemplate from "../../templates/initializer.cr.eta" with { type: "text" };
import migrationTemplate from "../../templates/migration.cr.eta" with { type: "text" };
import databaseTemplate from "../../templates/store_database.cr.eta" with { type: "text" };
import memoryTemplate from "../../templates/store_memory.cr.eta" with { type: "text" };
import redisTemplate from "../../templates/store_redis.cr.eta" with { type: "text" };
import { crystalComment, crystalModule, crystalSpan, crystalString } from "./crystal_literal.ts";

/** The session cookie as the app will set it. */
export interface CookieSettings {
  readonly name: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none";
  readonly domain: string | undefined;
  readonly path: string;
}

/** What the initializer is made from; durations in milliseconds. */
export interface InitializerSettings {
  readonly app: string;
  readonly ttl: number;
  readonly cookie: CookieSettings;
  readonly template: "redis" | "database" | "memory";
  /** What to require besides `session`. */
  readonly requires: readonly string[];
  readonly keyPrefix?: string;
  readonly table?: string;
  readonly quotedTable?: string;
  readonly engine?: "postgres" | "mysql" | "sqlite";
  readonly poolSize?: number;
  readonly poolTimeout?: number;
  readonly cleanupInterval?: number;
}

const STORES = {
  redis: { template: redisTemplate, className: "SessionStore" },
  memory: { template: memoryTemplate, className: "SessionStore" },
  database: { template: databaseTemplate, className: "DatabaseStore" },
} as const;

/** `<%= %>` writes a value as a Crystal string literal, `<%~ %>` writes Crystal as it is. */
const eta = new Eta({
  autoEscape: true,
  autoTrim: false,
  escapeFunction: (value: unknown) => crystalString(String(value)),
});

/** The source of src/initializers/session.cr. */
export function renderInitializer(settings: InitializerSettings): string {
  const { template, className } = STORES[settings.template];
  const values = {
    ...settings,
    p: (position: number) => settings.engine === "postgres" ? `$${position}` : "?",
    onConflict: onConflict(settings.engine),
    poolTimeout: crystalSpan(settings.poolTimeout ?? 5000),
    poolTimeoutSeconds: (settings.poolTimeout ?? 5000) / 1000,
    cleanupInterval: crystalSpan(settings.cleanupInterval ?? 300_000),
    cookieMethod: eta.renderString(cookieTemplate, { cookie: crystalCookie(settings.cookie) })
      .trimEnd(),
  };
  return eta.renderString(initializerTemplate, {
    module: crystalModule(settings.app),
    appComment: crystalComment(settings.app),
    requires: settings.requires.map((name) => `require ${crystalString(name)}`).join("\n"),
    storeClass: className,
    store: eta.renderString(template, values).trimEnd(),
    cookieName: settings.cookie.name,
    ttl: crystalSpan(settings.ttl),
  }).replace(/\n{3,}/g, "\n\n").trimEnd() + "\n";
}

function crystalCookie(cookie: CookieSettings) {
  return {
    ...cookie,
    domain: cookie.domain === undefined ? "nil" : crystalString(cookie.domain),
    sameSite: cookie.sameSite.slice(0, 1).toUpperCase() + cookie.sameSite.slice(1),
  };
}

function onConflict(engine: InitializerSettings["engine"]): string {
  const columns = ["data", "updated_at", "expires_at"];
  return engine === "mysql"
    ? `ON DUPLICATE KEY UPDATE ${columns.map((name) => `${name} = VALUES(${name})`).join(", ")}`
    : `ON CONFLICT (session_id) DO UPDATE SET ${
      columns.map((name) => `${name} = excluded.${name}`).join(", ")
    }`;
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
): string {
  return eta.renderString(migrationTemplate, {
    timestamp,
    up: up.map(execution).join("\n"),
    down: down.map(execution).join("\n"),
  }).trimEnd() + "\n";
}

/** A statement as a call, a line of SQL to a line of Crystal. */
function execution(lines: readonly string[]): string {
  if (lines.length === 1) return `    schema.exec(${crystalString(lines[0] ?? "")})`;
  const literals = lines.map((line, index) =>
    crystalString(index < lines.length - 1 ? `${line}\n` : line)
  );
  return `    schema.exec(\n      ${literals.join(" \\\n      ")}\n    )`;
}
