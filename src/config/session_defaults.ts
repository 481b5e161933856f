import { parseDuration } from "../core/duration.ts";
import type { CookieSettings } from "../app/render_templates.ts";
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
