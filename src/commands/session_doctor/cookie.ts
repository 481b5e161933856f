/** Checks of the cookie that the running app sets (`--url`). */
import { basename } from "node:path";
import type { CookieSettings } from "../../app/render_templates.ts";
import { cookieSettings, ttlOf } from "../../config/session_defaults.ts";
import { messageOf } from "../../core/errors.ts";
import { durationText } from "../../core/duration.ts";
import type { CheckId, Finding } from "./checks.ts";
import type { DoctorContext } from "./context.ts";
import type { Group } from "./doctor.ts";

/** Milliseconds for an answer of the app. */
const LIMIT = 5000;

/** Milliseconds by which a lifetime may differ: an answer takes a while. */
const SLACK = 60_000;

const IDS = [
  "cookie.set",
  "cookie.secure",
  "cookie.http-only",
  "cookie.same-site",
  "cookie.domain",
  "cookie.path",
  "cookie.lifetime",
  "cookie.fixation",
  "cookie.cache",
] as const satisfies readonly CheckId[];

export const cookieGroup: Group = {
  ids: IDS,
  async run(context, report) {
    if (context.url === undefined) throw new Error("needs --url, the address of a page of the app");
    const project = await context.project();
    const wanted = cookieSettings(project.config, project.app ?? basename(project.root));
    const visit = await visited(context, context.url, wanted.name).catch((error: unknown) => {
      const evidence = `${new URL(context.url ?? "").origin} does not answer: ${messageOf(error)}`;
      report({ id: "cookie.set", status: "failure", evidence });
      throw new Error("the app does not answer");
    });
    const { cookie, status } = visit;
    if (cookie === undefined) {
      const evidence = `the answer (status ${status}) sets no cookie ${wanted.name}`;
      report({ id: "cookie.set", status: "failure", evidence });
      throw new Error(`there is no cookie ${wanted.name}`);
    }
    report({ id: "cookie.set", status: "ok", evidence: `${wanted.name}, with status ${status}` });
    const url = new URL(context.url);
    report(secure(cookie, wanted, url));
    report(
      cookie.has("httponly")
        ? { id: "cookie.http-only", status: "ok", evidence: "HttpOnly" }
        : { id: "cookie.http-only", status: "failure", evidence: "HttpOnly is missing" },
    );
    report(sameSite(cookie, wanted));
    report(domain(cookie, wanted, url));
    const path = cookie.get("path") ?? "/";
    report({
      id: "cookie.path",
      status: path === wanted.path ? "ok" : "failure",
      evidence: path === wanted.path
        ? `Path=${path}`
        : `it is for ${path}, and the config says ${wanted.path}`,
    });
    report(lifetime(cookie, ttlOf(project.config), context.io.now()));
    report(cache(visit.cacheControl));
    report(await fixation(context, context.url, wanted.name));
  },
};

/** The attributes of a cookie, by their names in lower case. `value` is that of the cookie. */
type Cookie = ReadonlyMap<string, string>;

interface Visit {
  readonly status: number;
  readonly cookie: Cookie | undefined;
  readonly cacheControl: string | undefined;
}

/** @param id An id to send in the cookie; undefined for none. */
async function visited(
  { signal, ca }: DoctorContext,
  url: string,
  name: string,
  id?: string,
): Promise<Visit> {
  using client = Deno.createHttpClient(ca === undefined ? {} : { caCerts: [ca] });
  const response = await fetch(url, {
    client,
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]),
    headers: id === undefined ? {} : { Cookie: `${name}=${id}` },
  });
  await response.body?.cancel();
  const cookies = response.headers.getSetCookie().filter((text) => text.startsWith(`${name}=`));
  const last = cookies.at(-1);
  return {
    status: response.status,
    cookie: last === undefined ? undefined : attributesOf(last),
    cacheControl: response.headers.get("Cache-Control") ?? undefined,
  };
}

function attributesOf(text: string): Cookie {
  const [first = "", ...others] = text.split(";");
  const attributes = others.map((part) => {
    const [name = "", ...value] = part.split("=");
    return [name.trim().toLowerCase(), value.join("=").trim()] as const;
  });
  return new Map([["value", first.slice(first.indexOf("=") + 1).trim()], ...attributes]);
}

function secure(cookie: Cookie, wanted: CookieSettings, { protocol, hostname }: URL): Finding {
  const id = "cookie.secure";
  const isEncrypted = protocol === "https:";
  if (!cookie.has("secure")) {
    const isMeant = !wanted.secure && !isEncrypted;
    return {
      id,
      status: isMeant ? "warning" : "failure",
      evidence: isMeant
        ? "Secure is missing, as the config says for this environment: not for production"
        : "Secure is missing: the cookie is also sent over plain HTTP",
    };
  }
  if (isEncrypted || /^(?:localhost|127\.|\[::1\])/.test(hostname)) {
    return { id, status: "ok", evidence: "Secure" };
  }
  return {
    id,
    status: "warning",
    evidence: "Secure over plain HTTP: browsers drop the cookie, and nobody stays logged in",
    fix: "Use HTTPS; for development, session.cookie.secure: false in that environment",
  };
}

function sameSite(cookie: Cookie, wanted: CookieSettings): Finding {
  const id = "cookie.same-site";
  const value = cookie.get("samesite")?.toLowerCase();
  if (value === "none" && !cookie.has("secure")) {
    return { id, status: "failure", evidence: "SameSite=None without Secure: browsers drop it" };
  }
  if (value === undefined && wanted.sameSite !== "lax") {
    return {
      id,
      status: "failure",
      evidence: `SameSite is missing; the config says ${wanted.sameSite}`,
    };
  }
  if (value !== undefined && value !== wanted.sameSite) {
    return {
      id,
      status: "failure",
      evidence: `SameSite=${value}; the config says ${wanted.sameSite}`,
    };
  }
  if (value === "none" || value === undefined) {
    const evidence = value === undefined
      ? "SameSite is missing: browsers take it for Lax"
      : "SameSite=None: requests of other sites carry the cookie";
    return { id, status: "warning", evidence };
  }
  return { id, status: "ok", evidence: `SameSite=${value}` };
}

function domain(cookie: Cookie, wanted: CookieSettings, { hostname }: URL): Finding {
  const id = "cookie.domain";
  const plain = (name: string | undefined) => name?.replace(/^\./, "").toLowerCase() || undefined;
  const [there, expected] = [plain(cookie.get("domain")), plain(wanted.domain)];
  if (there !== expected) {
    const said = there === undefined ? "it has no Domain" : `Domain=${there}`;
    const evidence = `${said}; the config says ${expected ?? "none: only the host itself"}`;
    return { id, status: "failure", evidence };
  }
  if (there === undefined) return { id, status: "ok", evidence: "only the host that has set it" };
  const isInside = hostname === there || hostname.endsWith(`.${there}`);
  return isInside ? { id, status: "ok", evidence: `Domain=${there}` } : {
    id,
    status: "failure",
    evidence: `Domain=${there}: browsers drop it, because ${hostname} is not in it`,
  };
}

function lifetime(cookie: Cookie, ttl: number, now: Date): Finding {
  const id = "cookie.lifetime";
  const seconds = cookie.get("max-age");
  const expires = cookie.get("expires");
  const left = seconds !== undefined
    ? Number(seconds) * 1000
    : expires !== undefined
    ? new Date(expires).getTime() - now.getTime()
    : undefined;
  if (left === undefined) {
    return {
      id,
      status: "warning",
      evidence: "it has neither Max-Age nor Expires: it ends with the browser",
    };
  }
  const config = durationText(ttl);
  if (Math.abs(left - ttl) <= Math.max(SLACK, ttl / 100)) {
    return { id, status: "ok", evidence: `${config}, as session.ttl` };
  }
  const shown = durationText(Math.max(0, Math.round(left / 1000) * 1000));
  return { id, status: "failure", evidence: `it lives for ${shown}; session.ttl is ${config}` };
}

function cache(cacheControl: string | undefined): Finding {
  const id = "cookie.cache";
  if (cacheControl === undefined) {
    const evidence = "there is no Cache-Control: a cache may store the answer with the cookie";
    return { id, status: "warning", evidence };
  }
  const words = cacheControl.toLowerCase();
  if (/\b(?:no-store|private)\b/.test(words)) {
    return { id, status: "ok", evidence: `Cache-Control: ${cacheControl}` };
  }
  const isShared = /\b(?:public|s-maxage)\b/.test(words);
  return {
    id,
    status: isShared ? "failure" : "warning",
    evidence: `Cache-Control: ${cacheControl}${
      isShared ? ": caches give the cookie to others" : ""
    }`,
  };
}

/** An id that nobody has given out must not become somebody's session. */
async function fixation(context: DoctorContext, url: string, name: string): Promise<Finding> {
  const id = "cookie.fixation";
  const invented = crypto.randomUUID();
  const { cookie } = await visited(context, url, name, invented);
  const value = cookie?.get("value");
  if (value === undefined || value === invented) {
    const evidence = "the app goes on with an id that it did not give out";
    return { id, status: "failure", evidence };
  }
  return { id, status: "ok", evidence: "the app gives out a new one" };
}
