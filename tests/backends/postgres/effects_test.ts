/** Tables of PostgreSQL where a DELETE removes more or fewer rows than it says. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { ClearCounts, ClearOptions } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { messageOf } from "../../../src/core/errors.ts";
import { freshPostgres, type TestDatabase } from "../../support/servers/database.ts";
import { needs } from "../../support/env.ts";
import { context } from "../subject.ts";

async function clear(
  { url }: TestDatabase,
  options: Partial<ClearOptions> = {},
): Promise<ClearCounts | number | string> {
  const { signal } = new AbortController();
  await using store = await bindBackend("database", { url }, context).connect(signal);
  return await store.clear({ signal, onProgress() {}, ...options }).catch(messageOf);
}

async function rowsOf({ query }: TestDatabase, table: string): Promise<number> {
  return Number((await query(`SELECT count(*) AS n FROM ${table}`))[0]?.["n"]);
}

function test(name: string, work: (database: TestDatabase) => Promise<void>): void {
  Deno.test(`postgres: ${name}`, needs("postgres"), async () => {
    await using database = await freshPostgres();
    await work(database);
  });
}

/** A trigger that keeps the rows that meet a condition on OLD. */
async function keepWhere({ query }: TestDatabase, condition: string): Promise<void> {
  await query(
    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS " +
      `$$ BEGIN IF ${condition} THEN RETURN NULL; END IF; RETURN OLD; END $$`,
  );
  await query("CREATE TRIGGER keep BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION keep()");
}

test("a foreign key to a partition is refused, too", async (database) => {
  await database.query(
    `CREATE TABLE sessions (id bigint PRIMARY KEY, parent bigint) PARTITION BY RANGE (id);
    CREATE TABLE sessions_1 PARTITION OF sessions FOR VALUES FROM (0) TO (100);
    CREATE TABLE orders (session bigint REFERENCES sessions_1 ON DELETE CASCADE);
    INSERT INTO sessions SELECT i FROM generate_series(1, 10) i;
    INSERT INTO orders SELECT i FROM generate_series(1, 10) i`,
  );
  match(
    String(await clear(database)),
    /^Rows of another table refer to these .*public\.orders.*CASCADE/,
  );
  deepStrictEqual([await rowsOf(database, "sessions"), await rowsOf(database, "orders")], [10, 10]);
  await database.query("DROP TABLE orders");
  await database.query("ALTER TABLE sessions ADD FOREIGN KEY (parent) REFERENCES sessions");
  deepStrictEqual(await clear(database), { cleared: 10, remaining: 0, arrived: 0 });
});

test("rows that a trigger keeps", async (database) => {
  await database.query(`CREATE TABLE sessions (id bigint PRIMARY KEY);
    INSERT INTO sessions SELECT i FROM generate_series(1, 1000) i`);
  await keepWhere(database, "OLD.id % 2 = 0");
  const counts = await clear(database, { budget: { batch: 100 } });
  deepStrictEqual(counts, { cleared: 500, remaining: 500, arrived: 0, kept: true });
});

const PARTITIONED = `PARTITION BY HASH (id);
  CREATE TABLE sessions_0 PARTITION OF sessions FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE sessions_1 PARTITION OF sessions FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO sessions SELECT i, 's' || i FROM generate_series(1, 3000) i`;

for (const [what, key] of [["no key", ""], ["a key of two", ", PRIMARY KEY (name, id)"]] as const) {
  const table = `CREATE TABLE sessions (id bigint, name text${key}) ${PARTITIONED}`;
  test(`partitions with ${what}: kept rows do not hide others`, async (database) => {
    await database.query(table);
    await keepWhere(database, "OLD.id <= 500");
    const counts = await clear(database, { budget: { batch: 100 } });
    deepStrictEqual(counts, { cleared: 2500, remaining: 500, arrived: 0, kept: true });
  });

  test(`partitions with ${what}: an app writes during the clear`, async (database) => {
    await database.query(table);
    const { signal } = new AbortController();
    await using store = await bindBackend("database", { url: database.url }, context).connect(
      signal,
    );
    let isOn = true;
    const clearing = store.clear({ signal, budget: { batch: 100, pause: 5 }, onProgress() {} })
      .finally(() => isOn = false);
    const write = "UPDATE sessions SET name = name WHERE id IN " +
      "(SELECT id FROM sessions ORDER BY random() LIMIT 20)";
    while (isOn) await database.query(write);
    deepStrictEqual(await clearing, { cleared: 3000, remaining: 0, arrived: 0 });
  });
}

test("a cascade within the table is counted", async (database) => {
  await database.query(`CREATE TABLE sessions (id bigint PRIMARY KEY,
      parent bigint REFERENCES sessions ON DELETE CASCADE);
    INSERT INTO sessions SELECT i, NULLIF(1, i) FROM generate_series(1, 3000) i`);
  const told: [number, number][] = [];
  const counts = await clear(database, {
    budget: { batch: 100 },
    onProgress: (cleared, _, inDoubt = 0) => told.push([cleared, inDoubt]),
  });
  deepStrictEqual(counts, { cleared: 3000, remaining: 0, arrived: 0 });
  const some = told.filter(([cleared]) => cleared > 0);
  strictEqual(some.every(([cleared, inDoubt]) => cleared + inDoubt >= 3000), true);
});

test("a rule that changes what DELETE does is refused", async (database) => {
  await database.query(
    `CREATE TABLE sessions (id bigint PRIMARY KEY); CREATE TABLE other (id bigint);
    INSERT INTO sessions SELECT i FROM generate_series(1, 10) i; INSERT INTO other TABLE sessions`,
  );
  for (const kind of ["INSTEAD", "ALSO"]) {
    await database.query(`CREATE OR REPLACE RULE "odd\tone" AS ON DELETE TO sessions
      DO ${kind} DELETE FROM other WHERE id = OLD.id`);
    match(String(await clear(database)), /^The rule odd\\tone changes what a DELETE does/);
    const rows = [await rowsOf(database, "sessions"), await rowsOf(database, "other")];
    deepStrictEqual(rows, [10, 10]);
  }
  await database.query('ALTER TABLE sessions DISABLE RULE "odd\tone"');
  deepStrictEqual(await clear(database), { cleared: 10, remaining: 0, arrived: 0 });
});

test("rows that a trigger of the table removes, or writes back, are counted", async (database) => {
  const fill = "INSERT INTO sessions SELECT i FROM generate_series(1, 2000) i";
  await database.query(`CREATE TABLE sessions (id bigint PRIMARY KEY); ${fill};
    CREATE FUNCTION others() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      DELETE FROM sessions WHERE id = OLD.id + 1000; RETURN NULL; END $$;
    CREATE FUNCTION back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF OLD.id BETWEEN 1 AND 100 THEN INSERT INTO sessions VALUES (-OLD.id); END IF;
      RETURN NULL; END $$;
    CREATE TRIGGER t AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION others()`);
  const counts = { cleared: 2000, remaining: 0, arrived: 0 };
  deepStrictEqual(await clear(database, { budget: { batch: 100 } }), counts);
  await database.query(`DROP TRIGGER t ON sessions; ${fill};
    CREATE TRIGGER t AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION back()`);
  deepStrictEqual(await clear(database, { budget: { batch: 100 } }), counts);
});

test("a table that is replaced during the clear is an error", async (database) => {
  await database.query(`CREATE TABLE sessions (id bigint PRIMARY KEY);
    INSERT INTO sessions SELECT i FROM generate_series(1, 3000) i`);
  let swapped: Promise<unknown> | undefined;
  const said = await clear(database, {
    budget: { batch: 100, pause: 200 },
    onProgress(cleared) {
      if (cleared === 0) return;
      swapped ??= database.query(
        "BEGIN; ALTER TABLE sessions RENAME TO s_old; CREATE TABLE sessions (LIKE s_old); COMMIT",
      );
    },
  });
  await swapped;
  match(
    String(said),
    /^Another table has replaced sessions meanwhile /,
  );
});

for (
  const how of ["set_config('search_path', 'web', false)", "set_config('search_path', '', true)"]
) {
  test(`a trigger that changes search_path: ${how}`, async (database) => {
    await database.query(`CREATE SCHEMA web;
      CREATE TABLE public.sessions (id bigint PRIMARY KEY, data text);
      CREATE TABLE web.sessions (id bigint PRIMARY KEY, data text);
      INSERT INTO public.sessions SELECT i, repeat('x', 900) FROM generate_series(1, 3000) i;
      INSERT INTO web.sessions TABLE public.sessions;
      CREATE FUNCTION switch() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM ${how}; RETURN NULL; END $$;
      CREATE TRIGGER switch AFTER DELETE ON public.sessions
        FOR EACH STATEMENT EXECUTE FUNCTION public.switch()`);
    const counts = await clear(database, { budget: { batch: 300 } });
    deepStrictEqual(counts, { cleared: 3000, remaining: 0, arrived: 0 });
    strictEqual(await rowsOf(database, "web.sessions"), 3000);
    strictEqual(await rowsOf(database, "public.sessions"), 0);
  });
}

test("a table that takes the name during the clear loses no row", async (database) => {
  await database.query(`CREATE TABLE sessions (id bigint PRIMARY KEY);
    INSERT INTO sessions SELECT i FROM generate_series(1, 3000) i;
    CREATE TABLE next (LIKE sessions); INSERT INTO next TABLE sessions`);
  let swapped: Promise<unknown> | undefined;
  const said = await clear(database, {
    budget: { batch: 100, pause: 100 },
    onProgress(cleared) {
      if (cleared === 0) return;
      swapped ??= database.query(
        "BEGIN; ALTER TABLE sessions RENAME TO former; ALTER TABLE next RENAME TO sessions; COMMIT",
      );
    },
  });
  await swapped;
  match(String(said), /^Another table has replaced sessions meanwhile/);
  strictEqual(await rowsOf(database, "sessions"), 3000);
});

test("rows that a trigger releases later are counted", async (database) => {
  await database.query(`CREATE TABLE sessions (id bigint PRIMARY KEY); CREATE SEQUENCE statements;
    INSERT INTO sessions SELECT i FROM generate_series(1, 100) i;
    CREATE FUNCTION next() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM nextval('statements'); RETURN NULL; END $$;
    CREATE TRIGGER next BEFORE DELETE ON sessions FOR EACH STATEMENT EXECUTE FUNCTION next()`);
  await keepWhere(database, "OLD.id > 10 * (SELECT last_value FROM statements)");
  const counts = await clear(database);
  deepStrictEqual(counts, { cleared: 50, remaining: 50, arrived: 0, kept: true });
});
