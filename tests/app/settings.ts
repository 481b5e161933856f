/** Settings that the tests of the generated source share. */
import type { CookieSettings, EnvironmentSettings } from "../../src/app/render_templates.ts";

export const COOKIE: CookieSettings = {
  name: "s",
  secure: true,
  httpOnly: true,
  sameSite: "lax",
  domain: undefined,
  path: "/",
};

export const NO_RECORD: EnvironmentSettings["record"] = { ip: false, userAgent: false };
