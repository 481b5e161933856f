/** Clears while the server crashes, refuses to connect, becomes read-only, or is slow. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { AzuError } from "../../../src/core/errors.ts";
import { needs } from "../../support/env.ts";
import { fill, left, mysql, postgres, ROWS, type Server } from "./servers.ts";
import { context } from "../subject.ts";

const DONE = { cleared: ROWS, remaining: 0, arrived: 0 };

/** Clears in small batches, and does something when a thousand rows are gone. */
async function clear(
  url: string,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<{ counts?: number | ClearCounts; error?: AzuError; told: number }> {
  const { signal } = new AbortController();
  await using store = await bindBackend("database", { url }, context).connect(signal);
  let told = 0;
  let happening: Promise<unknown> | undefined;
  const onProgress = (cleared: number) => {
    told = cleared;
    if (cleared > 1000) happening ??= meanwhile();
  };
  try {
    const counts = await store.clear({ signal, budget: { batch: 100, pause: 25 }, onProgress });
    return { counts, told };
  } catch (error) {
    if (error instanceof AzuError) return { error, told };
    throw error;
  } finally {
    await happening;
  }
}

/** The counts of a failure are true, or bounds of the true ones. */
async function isTrue(server: Server, { error, told }: { error?: AzuError; told: number }) {
  const message = error?.message ?? "no failure";
  const gone = ROWS - await left(server);
  const [, more = "0"] = /; up to (\d+) more session/.exec(message) ?? [];
  ok(told <= gone && gone <= told + Number(more), `${gone} are gone: ${message}`);
}

for (
  const [name, service, start] of [
    ["postgres", "postgres-server", postgres],
    ["mysql", "mariadb-server", mysql],
  ] as const
) {
  const test = (what: string, work: (server: Server) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, needs(service), async () => {
      await using server = await start();
      await fill(server);
      await work(server);
    });

  test("the server crashes during a clear and comes up again", async (server) => {
    const { counts, error } = await clear(server.url, () => server.crash());
    deepStrictEqual(counts, DONE, error?.message);
    strictEqual(await left(server), 0);
  });

  test("the password is changed during a clear", async (server) => {
    const { engine, query } = server;
    const [made, changed] = engine === "postgres"
      ? ["CREATE ROLE app LOGIN SUPERUSER PASSWORD 'old'", "ALTER ROLE app PASSWORD 'new'"]
      : ["GRANT ALL ON *.* TO app IDENTIFIED BY 'old'", "ALTER USER app IDENTIFIED BY 'new'"];
    await query(made);
    const url = new URL(server.url);
    url.username = "app";
    url.password = "old";
    const result = await clear(url.href, async () => {
      await query(changed);
      await query(server.killOthers);
    });
    match(result.error?.message ?? "", /^The database refused the user or password/);
    await isTrue(server, result);
    url.password = "new";
    const rest = await left(server);
    const again = await clear(url.href);
    deepStrictEqual(again.counts, { ...DONE, cleared: rest }, again.error?.message);
  });

  test("the server becomes read-only during a clear", async (server) => {
    const { engine, query } = server;
    const [made, changed, back] = engine === "postgres"
      ? [
        "CREATE ROLE app LOGIN SUPERUSER PASSWORD 'pw'",
        "ALTER ROLE app SET default_transaction_read_only = on",
        "ALTER ROLE app SET default_transaction_read_only = off",
      ]
      : [
        "GRANT SELECT, DELETE, PROCESS ON *.* TO app IDENTIFIED BY 'pw'",
        "SET GLOBAL read_only = 1",
        "SET GLOBAL read_only = 0",
      ];
    await query(made);
    const url = new URL(server.url);
    url.username = "app";
    url.password = "pw";
    const result = await clear(url.href, async () => {
      await query(changed);
      await query(server.killOthers);
    });
    match(result.error?.message ?? "", /^The database is read-only/);
    await isTrue(server, result);
    await query(back);
    const again = await clear(url.href);
    strictEqual(again.error, undefined, again.error?.message);
    strictEqual(await left(server), 0);
  });

  test("slow rows: batches become as small as necessary", async (server) => {
    const { engine, query } = server;
    if (engine === "postgres") {
      await query(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS " +
          "'BEGIN IF OLD.id BETWEEN 2000 AND 2003 THEN PERFORM pg_sleep(0.3); END IF; RETURN OLD; END'",
      );
    }
    const body = engine === "postgres"
      ? "EXECUTE FUNCTION slow()"
      : "BEGIN IF OLD.id BETWEEN 2000 AND 2003 THEN DO SLEEP(0.3); END IF; END";
    await query(`CREATE TRIGGER slow BEFORE DELETE ON sessions FOR EACH ROW ${body}`);
    const { counts, error } = await clear(server.url);
    deepStrictEqual(counts, DONE, error?.message);
  });
}
