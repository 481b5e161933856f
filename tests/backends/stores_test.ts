import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Redis } from "ioredis";
import { bindBackend } from "../../src/backends/registry.ts";
import { quoteTable } from "../../src/backends/sql.ts";
import { freshPostgres, sqlite, sqliteCount } from "../support/database.ts";
import { needs } from "../support/env.ts";
import { startRedis } from "../support/redis.ts";
import { tempDir } from "../support/temp.ts";
import { conforms, removed } from "./conformance.ts";

const context = { app: "app", root: "/", env: () => undefined, driver: undefined, stated: {} };

conforms({
  name: "redis",
  needs: needs("redis-server"),
  async fixture() {
    const server = await startRedis();
    const client = new Redis(server.url);
    await client.mset(
      "app:sessions:1",
      "a",
      "session:2",
      "b",
      "xapp:session:3",
      "c",
      "app:session",
      "d",
    );
    return {
      backend: bindBackend("redis", { url: server.url }, context),
      async put(count) {
        for (let i = 0; i < count; i += 1000) {
          const keys = Array.from(
            { length: Math.min(1000, count - i) },
            (_, j) => `app:session:${i + j}`,
          );
          await client.mset(Object.fromEntries(keys.map((key) => [key, "x"])));
        }
      },
      async look() {
        const keys = await client.keys("*");
        const neighbours = keys.filter((key) => !key.startsWith("app:session:")).sort();
        return { sessions: keys.length - neighbours.length, neighbours };
      },
      async [Symbol.asyncDispose]() {
        client.disconnect();
        await server[Symbol.asyncDispose]();
      },
    };
  },
});

conforms({
  name: "postgres",
  needs: needs("postgres"),
  async fixture() {
    const database = await freshPostgres();
    await database.query('CREATE SCHEMA auth; CREATE TABLE auth."my sessions" (session_id text)');
    await database.query("CREATE TABLE other (id int); INSERT INTO other VALUES (1), (2)");
    return {
      backend: bindBackend("database", { url: database.url, table: "auth.my sessions" }, context),
      async put(count) {
        const rows = `SELECT 's' || i FROM generate_series(1, ${count}) AS i`;
        await database.query(`INSERT INTO auth."my sessions" ${rows}`);
      },
      async look() {
        const [row] = await database.query('SELECT count(*)::int AS count FROM auth."my sessions"');
        return {
          sessions: Number(row?.["count"]),
          neighbours: await database.query("TABLE other"),
        };
      },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  },
});

conforms({
  name: "sqlite",
  needs: { ignore: false },
  async fixture() {
    const folder = await tempDir();
    const run = (...statements: string[]) => sqlite(folder.path, "a.db", ...statements);
    run(
      'CREATE TABLE "my sessions" (session_id text)',
      "CREATE TABLE other (id int)",
      "INSERT INTO other VALUES (1), (2)",
    );
    const options = { url: "sqlite3://./a.db", table: "my sessions" };
    return {
      backend: bindBackend("database", options, { ...context, root: folder.path }),
      put(count) {
        run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
            `${count}) INSERT INTO "my sessions" SELECT 's' || i FROM n`,
        );
        return Promise.resolve();
      },
      look() {
        const sessions = sqliteCount(folder.path, "a.db", '"my sessions"');
        const neighbours = sqliteCount(folder.path, "a.db", "other");
        return Promise.resolve({ sessions, neighbours });
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
});

const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => text.isWellFormed());
/** Texts of the characters that mean something in a Redis glob. */
const globs = fc.string({ unit: fc.constantFrom(..."*?[]^-\\ab:"), minLength: 1, maxLength: 8 });

Deno.test(
  "property: for any prefix and neighbours, exactly the prefix's keys go",
  needs("redis-server"),
  async () => {
    await using server = await startRedis();
    const client = new Redis(server.url);
    const prefixes = fc.oneof(globs, texts);
    const { signal } = new AbortController();
    try {
      await fc.assert(
        fc.asyncProperty(
          prefixes,
          fc.array(fc.oneof(globs, texts), { minLength: 1, maxLength: 20 }),
          async (prefix, others) => {
            await client.flushall();
            const keys = [...new Set([...others, ...others.map((other) => prefix + other)])];
            for (const key of keys) await client.set(key, "x");
            await using store = await bindBackend(
              "redis",
              { url: server.url, keyPrefix: prefix },
              context,
            ).connect(signal);
            const ours = keys.filter((key) => key.startsWith(prefix)).length;
            strictEqual(removed(await store.clear({ signal, onProgress() {} })), ours);
            const left = keys.filter((key) => !key.startsWith(prefix)).sort();
            deepStrictEqual((await client.keys("*")).sort(), left);
          },
        ),
        { numRuns: 150 },
      );
    } finally {
      client.disconnect();
    }
  },
);

Deno.test(
  "property: for any table and schema that PostgreSQL takes, exactly its rows go",
  needs("postgres"),
  async () => {
    await using database = await freshPostgres();
    const { signal } = new AbortController();
    const fits = (text: string) => new TextEncoder().encode(text).length < 60; // PostgreSQL cuts at 63
    const names = texts.filter((text) => !/\0|^pg_/i.test(text) && fits(text));
    await fc.assert(
      fc.asyncProperty(names, names, async (schema, name) => {
        const table = quoteTable("postgres", { schema, name });
        const quotedSchema = quoteTable("postgres", { name: schema });
        await database.query(`CREATE SCHEMA IF NOT EXISTS ${quotedSchema}`);
        await database.query(`CREATE TABLE ${table} AS SELECT generate_series(1, 3) AS id`);
        await database.query(
          `CREATE TABLE ${quotedSchema}."${name.replaceAll('"', '""')}2" AS SELECT 1 AS id`,
        );
        try {
          await using store = await bindBackend("database", { url: database.url, table }, context)
            .connect(signal);
          strictEqual(removed(await store.clear({ signal, onProgress() {} })), 3);
          const left = await database.query(
            `SELECT * FROM ${quotedSchema}."${name.replaceAll('"', '""')}2"`,
          );
          strictEqual(left.length, 1);
        } finally {
          await database.query(`DROP SCHEMA ${quotedSchema} CASCADE`);
        }
      }),
      { numRuns: 60 },
    );
  },
);
