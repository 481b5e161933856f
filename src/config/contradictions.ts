import { backendTypes, isBackendType } from "../backends/registry.ts";
import { isRecord, merge } from "../core/record.ts";
import { shown } from "../core/schema.ts";
import { listed, nearest } from "../core/text.ts";

/**
 * What no check of single values can see: settings that do not go together, in the base and in
 * each environment as it will be. Takes any value, so that these problems can be told together
 * with all others.
 */
export function contradictions(exported: unknown): string[] {
  if (!isRecord(exported)) return [];
  const inBase = contradictionsIn(exported["session"]);
  const environments = isRecord(exported["environments"]) ? exported["environments"] : {};
  const inEnvironments = Object.entries(environments).flatMap(([name, overrides]) =>
    contradictionsIn(isRecord(overrides) ? merge(exported, overrides)["session"] : undefined)
      // What is wrong in the base is wrong in most environments too: once is enough.
      .filter((problem) => !inBase.includes(problem))
      .map((problem) => `environments.${name}.${problem}`)
  );
  return [...inBase, ...inEnvironments];
}

function contradictionsIn(session: unknown): string[] {
  if (!isRecord(session)) return [];
  const { backend, backends, cookie } = session;
  return [
    ...unknownBackend(backend, isRecord(backends) ? Object.keys(backends) : []),
    ...(isRecord(cookie) ? cookieProblems(cookie) : []),
  ];
}

function unknownBackend(backend: unknown, configured: string[]): string[] {
  if (typeof backend !== "string" || backend === "") return [];
  if (isBackendType(backend) || configured.includes(backend)) return [];
  const known = [...new Set([...backendTypes, ...configured])];
  const meant = nearest(backend, known);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  return [`session.backend: expected ${listed(known)}, got ${shown(backend)}${hint}`];
}

function cookieProblems(cookie: Record<string, unknown>): string[] {
  const { name, secure, sameSite, domain, path } = cookie;
  const problems: string[] = [];
  if (sameSite === "none" && secure === false) {
    problems.push('session.cookie.secure: expected true where sameSite is "none", got false');
  }
  if (typeof name !== "string") return problems;
  if (/^__(Secure|Host)-/.test(name) && secure === false) {
    problems.push(`session.cookie.secure: expected true for the name ${shown(name)}, got false`);
  }
  if (name.startsWith("__Host-") && (domain !== undefined || (path ?? "/") !== "/")) {
    problems.push(
      `session.cookie.name: expected no domain and the path "/" beside ${shown(name)}`,
    );
  }
  return problems;
}
