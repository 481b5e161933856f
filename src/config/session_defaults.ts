import { parseDuration } from "../core/duration.ts";
import type { CookieSettings } from "../app/render_templates.ts";
import { UsageError } from "../core/errors.ts";
import type { Recorded, UserType } from "../core/recorded.ts";
import type { Config } from "./schema.ts";

/** A day, in milliseconds. */
const DEFAULT_TTL = 86_400_000;

/** How long a session lives after its last visit, in milliseconds. */
export function ttlOf(config: Config): number {
  return parseDuration(config.session?.ttl ?? "") ?? DEFAULT_TTL;
}

/** Whether a visit restarts the lifetime. */
export function slidingOf(config: Config): boolean {
  return config.session?.sliding ?? true;
}

/** What sessions record about the visitor. */
export function recordOf({ session }: Config): { ip: boolean; userAgent: boolean } {
  const { ip = false, userAgent = false } = session?.record ?? {};
  return { ip, userAgent };
}

/**
 * What sessions record in any of these environments: one source writes the tables of them all.
 * @throws {UsageError} as {@linkcode userTypeOf}.
 */
export function recordedIn(configs: readonly Config[]): Recorded {
  const records = configs.map(recordOf);
  return {
    user: userTypeOf(configs),
    ip: records.some(({ ip }) => ip),
    userAgent: records.some(({ userAgent }) => userAgent),
  };
}

/**
 * The type of the users' ids.
 * @throws {UsageError} if it differs between environments: the app is compiled once for all.
 */
export function userTypeOf(configs: readonly Config[]): UserType {
  const types = new Set(configs.map(({ session }) => session?.user?.type ?? "int64"));
  const [type = "int64"] = types;
  if (types.size === 1) return type;
  throw new UsageError("session.user.type differs between environments", {
    hint: "The app is compiled once for all of them: state it outside `environments`",
  });
}

/** The session cookie. The defaults are the strictest. */
export function cookieSettings(config: Config, app: string): CookieSettings {
  const cookie = config.session?.cookie ?? {};
  return {
    name: cookie.name ?? `${app.replace(/[^\w-]+/g, "_").slice(0, 100)}_session`,
    secure: cookie.secure ?? true,
    httpOnly: cookie.httpOnly ?? true,
    sameSite: cookie.sameSite ?? "strict",
    domain: cookie.domain,
    path: cookie.path ?? "/",
  };
}
