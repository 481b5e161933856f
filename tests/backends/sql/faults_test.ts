/** Clears, and their counts, with lost connections, lost answers and locks. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { ClearCounts, ClearOptions } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { createStatements, type Engine } from "../../../src/backends/sql/ddl.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { freshMariadb, freshPostgres, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { type Proxy, startProxy } from "../../support/network/proxy.ts";
import { context } from "../subject.ts";

/** Rows, and so many batches. */
const MANY = 4000;
const BUDGET = { batch: 200 };

interface Server {
  readonly engine: Engine;
  readonly needs: { readonly ignore: boolean };
  readonly fresh: () => Promise<TestDatabase>;
  readonly series: string;
  /** The request that ends a batch. */
  readonly end: string;
  /** Ends all other connections to this database. */
  readonly killOthers: string;
}

const servers: Server[] = [
  {
    engine: "postgres",
    needs: needs("postgres"),
    fresh: freshPostgres,
    end: "COMMIT",
    series: `SELECT 's' || i, '', now(), now(), now() FROM generate_series(1, ${MANY}) AS i`,
    killOthers: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
      "WHERE datname = current_database() AND pid <> pg_backend_pid()",
  },
  {
    engine: "mysql",
    needs: needs("mariadb"),
    fresh: freshMariadb,
    end: "DELETE FROM",
    series: `SELECT CONCAT('s', seq), '', now(), now(), now() FROM seq_1_to_${MANY}`,
    killOthers: "BEGIN NOT ATOMIC FOR other IN (SELECT ID FROM information_schema.PROCESSLIST " +
      "WHERE DB = DATABASE() AND ID <> CONNECTION_ID()) DO KILL CONNECTION other.ID; END FOR; END",
  },
];

async function filled({ engine, fresh, series }: Server): Promise<TestDatabase> {
  const database = await fresh();
  for (const lines of createStatements(engine, { name: "sessions" })) {
    await database.query(lines.join("\n"));
  }
  await database.query(
    `INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) ${series}`,
  );
  return database;
}

async function left(database: TestDatabase): Promise<number> {
  return Number((await database.query("SELECT count(*) AS n FROM sessions"))[0]?.["n"]);
}

/** Clears as a command would. `told` is the last count that was reported. */
async function clear(
  url: string,
  options: Partial<ClearOptions> = {},
): Promise<{ counts?: ClearCounts | number; error?: AzuError; told: number }> {
  const { signal } = new AbortController();
  await using store = await bindBackend("database", { url }, context).connect(signal);
  let told = 0;
  try {
    const counts = await store.clear({
      signal,
      budget: BUDGET,
      ...options,
      onProgress(cleared, total) {
        ok(cleared >= told, "a count goes back");
        told = cleared;
        options.onProgress?.(cleared, total);
      },
    });
    return { counts, told };
  } catch (error) {
    if (error instanceof AzuError) return { error, told };
    throw error;
  }
}

function through(proxy: Proxy, { url }: TestDatabase): string {
  const way = new URL(url);
  way.port = `${proxy.port}`;
  way.searchParams.set(url.startsWith("mysql") ? "ssl-mode" : "sslmode", "disable");
  return way.href.replace("ssl-mode=disable", "ssl-mode=disabled");
}

const DONE = { cleared: MANY, remaining: 0, arrived: 0 };

for (const server of servers) {
  const test = (what: string, work: (database: TestDatabase) => Promise<void>) =>
    Deno.test(`${server.engine}: ${what}`, server.needs, async () => {
      await using database = await filled(server);
      await work(database);
    });

  test("ended connections are replaced, and the count is exact", async (database) => {
    let kills = 0;
    const killing: Promise<unknown>[] = [];
    const { counts } = await clear(database.url, {
      onProgress(cleared) {
        if (cleared > kills * 1000 && kills < 3) {
          kills++;
          killing.push(database.query(server.killOthers));
        }
      },
    });
    await Promise.all(killing);
    strictEqual(kills, 3);
    deepStrictEqual(counts, DONE);
    strictEqual(await left(database), 0);
  });

  test("a batch whose last answer is lost is counted", async (database) => {
    using proxy = startProxy(Number(new URL(database.url).port));
    let batches = 0;
    proxy.onRequest = (request) => {
      return request.includes(server.end) && ++batches === 5 ? "answer lost" : undefined;
    };
    const { counts } = await clear(through(proxy, database));
    ok(batches > 5);
    deepStrictEqual(counts, DONE);
    strictEqual(await left(database), 0);
  });

  test("a batch whose first answer is lost is counted", async (database) => {
    using proxy = startProxy(Number(new URL(database.url).port));
    let batches = 0;
    proxy.onRequest = (request) => {
      return request.includes("DELETE FROM") && ++batches % 5 === 0 ? "answer lost" : undefined;
    };
    const { counts } = await clear(through(proxy, database));
    ok(batches > 10);
    deepStrictEqual(counts, DONE);
  });

  test("a server that stays away: the error says how many are gone, and may be", async (database) => {
    using proxy = startProxy(Number(new URL(database.url).port));
    let batches = 0;
    proxy.onRequest = (request) => {
      if (!request.includes(server.end) || ++batches < 5) return undefined;
      setTimeout(() => proxy.close(), 100);
      return "answer lost";
    };
    const begin = performance.now();
    const { error, told } = await clear(through(proxy, database));
    ok(performance.now() - begin < 20_000);
    const remaining = await left(database);
    ok(told > 0 && MANY - remaining > told, "the lost batch is gone, and not counted");
    const [, more] = /; up to (\d+) more session/.exec(error?.message ?? "") ?? [];
    ok(MANY - remaining <= told + Number(more));
    match(error?.message ?? "", /^The connection to the database was lost/);
    match(error?.hint ?? "", /safe to repeat/);
  });

  test("an interruption ends the retries", async (database) => {
    using proxy = startProxy(Number(new URL(database.url).port));
    const abort = new AbortController();
    let at = 0;
    const clearing = clear(through(proxy, database), {
      signal: abort.signal,
      onProgress(cleared) {
        if (cleared === 0 || at > 0) return;
        at = performance.now() + 1000;
        proxy.close();
        setTimeout(() => abort.abort(new Error("enough")), 1000);
      },
    });
    await rejects(clearing, /enough/);
    ok(performance.now() - at < 5000); // not after ten seconds of retries
  });

  test("waits for rows that are locked for a while", async (database) => {
    await database.query("BEGIN");
    await database.query(`UPDATE sessions SET updated_at = now() WHERE id = 2000`);
    const releasing = new Promise((resolve) => setTimeout(resolve, 3000))
      .then(() => database.query("COMMIT"));
    const { counts, error } = await clear(database.url);
    await releasing;
    deepStrictEqual(counts, DONE, error?.message);
    strictEqual(await left(database), 0);
  });

  test("gives up on rows that stay locked, and says how many are gone", async (database) => {
    await database.query("BEGIN");
    await database.query("UPDATE sessions SET updated_at = now() WHERE id = 2000");
    const begin = performance.now();
    const { error, told } = await clear(database.url);
    ok(performance.now() - begin < 25_000);
    await database.query("ROLLBACK");
    match(error?.message ?? "", /^The database was busy for too long/);
    strictEqual(await left(database), MANY - told);
  });

  for (
    const [action, consequence] of [
      ["NO ACTION", /would refuse to remove them/],
      ["CASCADE", /would change those rows, too \(ON DELETE CASCADE\)/],
      ["SET NULL", /would change those rows, too \(ON DELETE SET NULL\)/],
    ] as const
  ) {
    test(`rows of another table refer to sessions, ON DELETE ${action}: nothing is removed`, async (database) => {
      await database.query(
        `CREATE TABLE logins (sid bigint, FOREIGN KEY (sid) REFERENCES sessions (id) ON DELETE ${action})`,
      );
      await database.query("INSERT INTO logins VALUES (NULL)");
      await database.query("INSERT INTO logins VALUES (3)");
      const { error } = await clear(database.url);
      match(error?.message ?? "", /^Rows of another table refer to these sessions: \S*logins /);
      match(error?.message ?? "", consequence);
      strictEqual(await left(database), MANY);
      await database.query("DELETE FROM logins WHERE sid = 3");
      deepStrictEqual((await clear(database.url)).counts, DONE);
      strictEqual((await database.query("SELECT * FROM logins")).length, 1);
    });
  }
}
