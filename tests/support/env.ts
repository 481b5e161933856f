import { dirname } from "node:path";
import { printNote } from "./output.ts";
import {
  findBashCompletion,
  findMariadb,
  findOpenMetricsParser,
  findPgbouncer,
  findPostgres,
  which,
} from "./servers/programs.ts";

interface Source {
  /** The environment variable that tests/run.ts sets. */
  readonly variable: string;
  /** Where to look without it. */
  readonly find: () => string | undefined;
}

const nowhere = () => undefined;
const SOURCES = {
  redis: { variable: "TEST_REDIS_URL", find: nowhere },
  postgres: { variable: "TEST_POSTGRES_URL", find: nowhere },
  mariadb: { variable: "TEST_MARIADB_URL", find: nowhere },
  "redis-server": { variable: "TEST_REDIS_SERVER", find: () => which("redis-server") },
  "postgres-server": { variable: "TEST_POSTGRES_BIN", find: postgresFolder },
  pgbouncer: { variable: "TEST_PGBOUNCER", find: findPgbouncer },
  "mariadb-server": { variable: "TEST_MARIADB_BIN", find: mariadbFolder },
  crystal: { variable: "TEST_CRYSTAL", find: () => which("crystal") },
  age: { variable: "TEST_AGE", find: () => which("age") },
  openssl: { variable: "TEST_OPENSSL", find: () => which("openssl") },
  openmetrics: { variable: "TEST_OPENMETRICS", find: findOpenMetricsParser },
  chromium: { variable: "TEST_CHROMIUM", find: () => which("chromium") },
  script: { variable: "TEST_SCRIPT", find: () => which("script") },
  "bash-completion": { variable: "TEST_BASH_COMPLETION", find: findBashCompletion },
  zsh: { variable: "TEST_ZSH", find: () => which("zsh") },
  fish: { variable: "TEST_FISH", find: () => which("fish") },
  man: { variable: "TEST_MAN", find: () => which("man") },
  mandoc: { variable: "TEST_MANDOC", find: () => which("mandoc") },
  jq: { variable: "TEST_JQ", find: () => which("jq") },
  sqlite3: { variable: "TEST_SQLITE3", find: () => which("sqlite3") },
  unzip: { variable: "TEST_UNZIP", find: () => which("unzip") },
  ruby: { variable: "TEST_RUBY", find: () => which("ruby") },
  lintian: { variable: "TEST_LINTIAN", find: () => which("lintian") },
  debootstrap: { variable: "TEST_DEBOOTSTRAP", find: () => which("debootstrap") },
  npm: { variable: "TEST_NPM", find: () => which("npm") },
} as const satisfies Record<string, Source>;

/**
 * What a test can need: `redis`, `postgres` and `mariadb` are the servers that the whole run
 * shares, those with `-server` the programs to start one of the test's own.
 */
export type ServiceName = keyof typeof SOURCES;

const told = new Set<ServiceName>();

/**
 * Spread into the options of a test that needs the services. Without them the test is ignored,
 * loudly; where CI is set it is not, so that it fails. `tests/run.ts --fast` ignores it quietly.
 */
export function needs(...names: ServiceName[]): { ignore: boolean } {
  if (Deno.env.get("TEST_FAST")) return { ignore: true };
  const missing = names.filter((name) => whereabouts(name) === undefined);
  if (missing.length === 0 || Deno.env.get("CI")) return { ignore: false };
  for (const name of missing.filter((name) => !told.has(name))) {
    told.add(name);
    printNote(`Ignoring tests: ${unavailable(name)}`);
  }
  return { ignore: true };
}

/** The URL of a shared server, the path of a program, or the folder of a database's; or throws. */
export function service(name: ServiceName): string {
  const found = whereabouts(name);
  if (found === undefined) throw new Error(unavailable(name));
  return found;
}

/** Tells the tests of this process's children where a service is, or why there is none. */
export function tellService(
  name: ServiceName,
  found: { readonly at: string } | { readonly why: string },
): void {
  const { variable } = SOURCES[name];
  if ("at" in found) Deno.env.set(variable, found.at);
  else Deno.env.set(`${variable}_WHY`, found.why);
}

/** Whether somebody has said already where it is, such as who tries another server. */
export function isTold(name: ServiceName): boolean {
  return Boolean(Deno.env.get(SOURCES[name].variable));
}

/** Like {@linkcode service}, but undefined when there is none. */
export function whereabouts(name: ServiceName): string | undefined {
  const { variable, find } = SOURCES[name];
  return Deno.env.get(variable) || find();
}

function unavailable(name: ServiceName): string {
  const { variable } = SOURCES[name];
  const why = Deno.env.get(`${variable}_WHY`) ?? `${variable} is not set; tests/run.ts sets it`;
  return `${name} is not available: ${why}`;
}

function postgresFolder(): string | undefined {
  const programs = findPostgres();
  return programs && dirname(programs.postgres);
}

function mariadbFolder(): string | undefined {
  const program = findMariadb();
  return program && dirname(program);
}
