/** Batches of PostgreSQL whose answers were lost. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import type { ClearCounts } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { freshPostgres, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { faultProxy } from "../../support/network/fault_proxy.ts";
import { pollUntil } from "../../support/poll.ts";
import { startPostgres } from "../../support/servers/postgres.ts";
import { context } from "../subject.ts";

const { signal } = new AbortController();

async function clear(database: TestDatabase, port: number): Promise<ClearCounts | number> {
  const url = new URL(database.url);
  url.port = `${port}`;
  url.searchParams.set("sslmode", "disable");
  await using store = await bindBackend("database", { url: url.href }, context).connect(signal);
  return await store.clear({ signal, onProgress() {} });
}

/** A hundred sessions. A trigger keeps 40 of them from the first DELETE. */
async function filled(): Promise<TestDatabase> {
  const database = await freshPostgres();
  await database.query(`CREATE TABLE sessions (id bigint PRIMARY KEY); CREATE SEQUENCE tries;
    INSERT INTO sessions SELECT i FROM generate_series(1, 100) i;
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF OLD.id <= 40 AND nextval('tries') <= 40 THEN RETURN NULL; END IF; RETURN OLD; END $$;
    CREATE TRIGGER keep BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION keep()`);
  return database;
}

Deno.test("postgres: the count is exact if any one answer is lost", needs("postgres"), async () => {
  await using whole = await filled();
  const target = Number(new URL(whole.url).port);
  await using counting = faultProxy(target, "postgres");
  deepStrictEqual(await clear(whole, counting.port), { cleared: 100, remaining: 0, arrived: 0 });
  for (let at = 0; at < counting.sent.requests; at++) {
    await using database = await filled();
    const fault = { kind: "cut", side: "answer", unit: "request", at } as const;
    await using proxy = faultProxy(target, "postgres", fault);
    // Connecting is not tried again.
    const counts = await clear(database, proxy.port).catch(() => undefined);
    const [found] = await database.query("SELECT count(*) AS n FROM sessions");
    if (counts === undefined) strictEqual(Number(found?.["n"]), 100, `${at}`);
    else deepStrictEqual(counts, { cleared: 100, remaining: 0, arrived: 0 }, `${at}`);
  }
});

Deno.test(
  "postgres: the count is exact if a crash gives a transaction's id to another one",
  needs("postgres-server"),
  async () => {
    await using server = await startPostgres({
      args: ["fsync=on", "synchronous_commit=on"].flatMap((setting) => ["-c", setting]),
    });
    const database = await freshPostgres(server.url);
    await database.query(
      `CREATE TABLE sessions (id bigint PRIMARY KEY); CREATE TABLE orders (n int);
      INSERT INTO sessions SELECT i FROM generate_series(1, 100) i`,
    );
    await database.query("CHECKPOINT");
    const [own] = await database.query("SELECT pg_backend_pid() AS pid");
    await new Promise((resolve) => setTimeout(resolve, 500)); // until the log is on the disk
    await using proxy = crashAtCommit(server.port, async () => {
      Deno.kill(Number(own?.["pid"]), "SIGKILL"); // the server ends the others, and comes up again
      await pollUntil("the app to write again", () => writes(database.url));
    });
    const counts = await clear(database, proxy.port);
    strictEqual(proxy.happened, true);
    deepStrictEqual(counts, { cleared: 100, remaining: 0, arrived: 0 });
  },
);

/** The app's first transactions after a crash. One of them gets the id of a lost batch. */
async function writes(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    for (let left = 5; left > 0; left--) await client.query("INSERT INTO orders VALUES (1)");
    await client.end();
    return true;
  } catch {
    return false; // not up yet
  }
}

/** A proxy that crashes the server instead of passing on the first COMMIT after a DELETE. */
function crashAtCommit(target: number, crash: () => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const state = { deleted: false, happened: false };
  let up: Promise<void> | undefined;
  const carry = async (client: Deno.TcpConn) => {
    await up;
    using server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    server.readable.pipeTo(client.writable).catch(() => {});
    const buffer = new Uint8Array(65_536);
    for (let n = await client.read(buffer); n !== null; n = await client.read(buffer)) {
      const text = new TextDecoder("latin1").decode(buffer.subarray(0, n));
      if (state.deleted && !state.happened && text.includes("COMMIT")) {
        state.happened = true;
        await (up = crash());
        return;
      }
      state.deleted ||= text.includes("DELETE FROM");
      await server.write(buffer.subarray(0, n));
    }
  };
  (async () => {
    for await (const client of listener) {
      carry(client).catch(() => {}).finally(() => {
        try {
          client.close();
        } catch {
          // closed already
        }
      });
    }
  })().catch(() => {});
  return {
    port: listener.addr.port,
    get happened() {
      return state.happened;
    },
    [Symbol.asyncDispose]() {
      listener.close();
      return Promise.resolve();
    },
  };
}
