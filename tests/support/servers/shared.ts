import { dirname } from "node:path";
import { isTold, type ServiceName, tellService, whereabouts } from "../env.ts";
import { printNote } from "../output.ts";
import { startMariadb } from "./mariadb.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import { type Programs, provision } from "./services.ts";

/** Servers shared by all tests of a run. Dispose to stop them. */
export interface SharedServices extends AsyncDisposable {
  /** One line for each service that is missing, with the reason. */
  readonly missing: readonly string[];
}

/** The location of a service, or the reason why it is unavailable. */
type Found = { readonly at: string } | { readonly why: string };

/**
 * Finds or installs the programs, and starts one Redis, one PostgreSQL and one MariaDB unless their
 * URLs are given. Where they are is written to environment variables, which the tests inherit.
 */
export async function startShared(stopped: AbortSignal): Promise<SharedServices> {
  await using starting = new AsyncDisposableStack();
  const missing: string[] = [];
  const tell = (name: ServiceName, found: Found) => {
    tellService(name, found);
    if ("why" in found) missing.push(`${name}: ${found.why}`);
  };
  for (const [name, found] of locate(await provision())) {
    if (!isTold(name)) tell(name, found);
  }

  const servers = { redis: startRedis, postgres: startPostgres, mariadb: startMariadb };
  for (const name of ["redis", "postgres", "mariadb"] as const) {
    stopped.throwIfAborted();
    if (whereabouts(name) !== undefined) continue;
    tell(name, await attempt(async () => starting.use(await servers[name]()).url));
  }
  const started = starting.move();
  return { missing, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

function locate(programs: Programs): [ServiceName, Found][] {
  const { redis, postgres, pgbouncer, mariadb, crystal, openssl, script, openmetrics, missing } =
    programs;
  const others = [
    ...["age", "bash-completion", "zsh", "fish", "man", "mandoc", "jq", "sqlite3"] as const,
    ...["unzip", "ruby", "lintian", "debootstrap", "npm"] as const,
  ];
  const found = (name: keyof typeof programs, path: string | undefined): Found =>
    path !== undefined
      ? { at: path }
      : { why: missing.find((entry) => entry.name === name)?.why ?? "it was not found" };
  return [
    ["redis-server", found("redis", redis)],
    ["postgres-server", found("postgres", postgres && dirname(postgres.postgres))],
    ["pgbouncer", found("pgbouncer", pgbouncer)],
    ["mariadb-server", found("mariadb", mariadb && dirname(mariadb))],
    ["crystal", found("crystal", crystal)],
    ["openssl", found("openssl", openssl)],
    ["chromium", found("chromium", programs.chromium)],
    ["script", found("script", script)],
    ["openmetrics", found("openmetrics", openmetrics)],
    ...others.map((name): [ServiceName, Found] => [name, found(name, programs[name])]),
  ];
}

/** Returns the error instead of throwing, so that only tests that need this server fail. */
async function attempt(start: () => Promise<string>): Promise<Found> {
  try {
    return { at: await start() };
  } catch (error) {
    printNote(Deno.inspect(error));
    return { why: error instanceof Error ? error.message.trim() : String(error) };
  }
}
