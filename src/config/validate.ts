import { backendTypes, isBackendType } from "../backends/registry.ts";
import { hasVariables } from "../core/from_env.ts";
import { isRecord, merge } from "../core/record.ts";
import { shown } from "../core/schema.ts";
import { nearest } from "../core/nearest.ts";
import { listed, printable } from "../core/text.ts";
import { type Config, configSchema } from "./schema.ts";
import * as v from "valibot";

/** A valid config, or all problems. */
export type Validated =
  | { readonly config: Config; readonly problems?: never }
  | { readonly problems: readonly string[] };

/** Validates the export of a config file. Each problem is a line that begins with the path. */
export function validateConfig(exported: unknown): Validated {
  const result = v.safeParse(configSchema, exported);
  const problems = result.success ? [] : result.issues.map(problemOf);
  problems.push(...contradictions(exported));
  if (problems.length > 0 || !isConfig(exported, result.success)) return { problems };
  return { config: exported };
}

/** Narrows the value itself: the caller keeps what the author wrote, not the schema's copy. */
function isConfig(_exported: unknown, passed: boolean): _exported is Config {
  return passed;
}

function problemOf(issue: v.BaseIssue<unknown>): string {
  const path = printable(v.getDotPath(issue) ?? "");
  if (issue.type === "strict_object" && issue.expected === "never") return unknownKey(path, issue);
  return path === ""
    ? `expected a config object, got ${shown(issue.input)}`
    : `${path}: ${issue.message}`;
}

function unknownKey(path: string, issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map((item) => String(item.key));
  const known = keysAt(configSchema, keys.slice(0, -1));
  const meant = nearest(keys.at(-1) ?? "", known);
  const help = meant === undefined ? `known here: ${known.join(", ")}` : `did you mean ${meant}?`;
  return `${path}: unknown key; ${help}`;
}

function keysAt(schema: unknown, path: readonly string[]): string[] {
  if (!isRecord(schema)) return [];
  if (schema["wrapped"] !== undefined) return keysAt(schema["wrapped"], path);
  if (typeof schema["getter"] === "function") return keysAt(schema["getter"]({}), path);
  const [first, ...rest] = path;
  const entries = schema["entries"];
  if (!isRecord(entries)) return keysAt(schema["value"], rest);
  return first === undefined ? Object.keys(entries) : keysAt(entries[first], rest);
}

/**
 * Settings that contradict each other, in the base or in an environment. Accepts any value, so that
 * these problems can be reported with all others.
 */
function contradictions(exported: unknown): string[] {
  if (!isRecord(exported)) return [];
  const inBase = contradictionsIn(exported);
  const environments = isRecord(exported["environments"]) ? exported["environments"] : {};
  const inEnvironments = Object.entries(environments).flatMap(([name, overrides]) =>
    contradictionsIn(isRecord(overrides) ? merge(exported, overrides) : {})
      // A problem of the base is reported once, not for every environment.
      .filter((problem) => !inBase.includes(problem))
      .map((problem) => `environments.${name}.${problem}`)
  );
  const isVariable = Object.keys(environments).some(hasVariables);
  return [
    ...inBase,
    ...inEnvironments,
    ...(isVariable ? ["environments: expected names without fromEnv"] : []),
  ];
}

function contradictionsIn({ session, audit }: Readonly<Record<string, unknown>>): string[] {
  return [...sessionProblems(session), ...(isRecord(audit) ? auditProblems(audit) : [])];
}

/** The log is in one place. */
function auditProblems({ file, table }: Readonly<Record<string, unknown>>): string[] {
  if ((file === undefined) !== (table === undefined)) return [];
  return ["audit: expected either file or table"];
}

function sessionProblems(session: unknown): string[] {
  if (!isRecord(session)) return [];
  const { backend, backends, cookie } = session;
  return [
    ...unknownBackend("backend", backend, isRecord(backends) ? Object.keys(backends) : []),
    ...migrationProblems(session, isRecord(backends) ? backends : {}),
    ...(isRecord(cookie) ? cookieProblems(cookie) : []),
  ];
}

function unknownBackend(key: string, backend: unknown, configured: string[]): string[] {
  if (typeof backend !== "string" || backend === "") return [];
  if (isBackendType(backend) || configured.includes(backend)) return [];
  const known = [...new Set([...backendTypes, ...configured])];
  const meant = nearest(backend, known);
  const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
  return [`session.${key}: expected ${listed(known)}, got ${shown(backend)}${hint}`];
}

/** Sessions move between two stores that other processes reach. */
function migrationProblems(
  session: Record<string, unknown>,
  backends: Record<string, unknown>,
): string[] {
  const { backend = "redis", migrateFrom, migrateTo } = session;
  const problems: string[] = [];
  if (migrateFrom !== undefined && migrateTo !== undefined) {
    problems.push("session.migrateTo: expected only one of migrateFrom and migrateTo");
  }
  for (const [key, other] of Object.entries({ migrateFrom, migrateTo })) {
    if (other === undefined) continue;
    problems.push(...unknownBackend(key, other, Object.keys(backends)));
    if (other === backend) {
      problems.push(`session.${key}: expected another backend than session.backend`);
    }
    for (const name of [backend, other]) {
      const entry = typeof name === "string" ? backends[name] : undefined;
      const type = isRecord(entry) ? entry["type"] ?? name : name;
      if (type !== "memory") continue;
      problems.push(`session.${key}: sessions in memory (${shown(name)}) cannot be moved`);
    }
  }
  return problems;
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
      `session.cookie.name: expected no domain and the path "/" with the name ${shown(name)}`,
    );
  }
  return problems;
}
