/** A clear of PostgreSQL notices clients that wait for it. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import { bindBackend } from "../../../src/backends/registry.ts";
import { createStatements } from "../../../src/backends/sql/ddl.ts";
import { freshPostgres } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { context } from "../subject.ts";

/** How many rows each batch removed. A row takes at least a millisecond. */
async function batchesOf(isAwaited: boolean): Promise<number[]> {
  await using database = await freshPostgres();
  for (const lines of createStatements("postgres", { name: "sessions" })) {
    await database.query(lines.join("\n"));
  }
  await database.query(
    "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) " +
      "SELECT 's' || i, repeat('x', 500)::bytea, now(), now(), now() FROM generate_series(1, 600) AS i; " +
      "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS " +
      "'BEGIN PERFORM pg_sleep(0.001); RETURN OLD; END'; CREATE TRIGGER slow BEFORE DELETE " +
      "ON sessions FOR EACH ROW EXECUTE FUNCTION slow()",
  );
  const { signal } = new AbortController();
  const sizes: number[] = [];
  let last = 0;
  await using store = await bindBackend("database", { url: database.url }, context).connect(signal);
  const clearing = store.clear({
    signal,
    budget: { batch: 60, maxLatency: 10_000 },
    onProgress(cleared) {
      if (cleared > last) sizes.push(cleared - last);
      last = cleared;
    },
  });
  const visits = isAwaited ? visit(database.url) : undefined;
  deepStrictEqual(await clearing, { cleared: 600, remaining: 0, arrived: 0 });
  await visits;
  return sizes;
}

/** Always locks the row that the next batch removes first. */
async function visit(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const next = "SELECT id FROM sessions ORDER BY id LIMIT 1 FOR UPDATE";
  while ((await client.query(next)).rows.length > 0);
  await client.end();
}

Deno.test("postgres: batches are smaller while a client waits", needs("postgres"), async () => {
  const [quiet, awaited] = await Promise.all([batchesOf(false), batchesOf(true)]);
  ok(Math.min(...quiet.slice(1, -1)) >= 40, `${quiet}`);
  ok(Math.min(...awaited.slice(1, -1)) <= 20, `${awaited}`);
  strictEqual(awaited.length > quiet.length, true);
});
