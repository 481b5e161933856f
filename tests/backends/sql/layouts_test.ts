/** Layouts of tables: types of columns, times as numbers, and tables that are not as described. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import * as v from "valibot";
import type { SessionInfo } from "../../../src/backends/contract.ts";
import { handleOf } from "../../../src/backends/handle.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import type { Engine } from "../../../src/backends/sql/ddl.ts";
import { bindLayout, layoutOf } from "../../../src/backends/sql/layout.ts";
import { type DatabaseLayout, databaseLayout } from "../../../src/backends/sql/layout_options.ts";
import { planOf } from "../../../src/backends/sql/plan.ts";
import { mysqlDialect } from "../../../src/backends/mysql/rows.ts";
import { postgresDialect } from "../../../src/backends/postgres/rows.ts";
import { sqliteDialect } from "../../../src/backends/sqlite/rows.ts";
import { ImpossibleError, UsageError } from "../../../src/core/errors.ts";
import type { Condition, Selection } from "../../../src/core/selection.ts";
import { needs } from "../../support/env.ts";
import { listed, onlyOf } from "../conformance_selections.ts";
import { sealed, SECRET } from "../sealed.ts";
import { context } from "../subject.ts";
import { CONNECT } from "./places.ts";

const { signal } = new AbortController();

const NEEDS = {
  postgres: needs("postgres"),
  mysql: needs("mariadb"),
  sqlite: { ignore: false },
} as const;

/** A table `t` in a fresh database. */
async function table(engine: Engine, columns: string, layout: DatabaseLayout | undefined) {
  const opened = await CONNECT[engine]();
  const { query, url, root = "/" } = opened;
  await query(`CREATE TABLE t (${columns})`);
  const backend = bindBackend("database", { url, table: "t", ...(layout && { layout }) }, {
    ...context,
    root,
    env: (name) => name === "SESSION_SECRET" ? SECRET : undefined,
  });
  return {
    query,
    open: () => backend.connect(signal),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

type Table = Awaited<ReturnType<typeof table>>;

/** How the plan of a statement says that it reads a range of the index. */
const RANGE_OF_INDEX = {
  postgres: /using at_index.*Index Cond: \(\(at < 10\)/,
  mysql: /"type":"range".*"key":"at_index"/,
  sqlite: /SEARCH t USING INDEX at_index \([^)]*at<\?/,
} as const;

/** The handles of the sessions that a selection means, once it was counted. */
async function meant(place: Table, ...selection: Condition[]): Promise<string[]> {
  await using store = await place.open();
  const only = onlyOf(store, selection);
  const found = (await listed(only)).sort();
  strictEqual(await only.count(signal), found.length);
  return found;
}

async function infos(place: Table): Promise<SessionInfo[]> {
  await using store = await place.open();
  const found: SessionInfo[] = [];
  await store.list?.({ signal, onSessions: (batch) => void found.push(...batch) });
  return found;
}

const handles = (...ids: string[]) => ids.map((id) => handleOf(id)).sort();

for (const engine of ["postgres", "mysql", "sqlite"] as const) {
  const test = (name: string, ask: () => Promise<void>) =>
    Deno.test(`layouts, ${engine}: ${name}`, NEEDS[engine], ask);

  test("a wrong unit is refused before anything is counted or removed", async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const [unit, stored] of [["milliseconds", now], ["seconds", now * 1000]] as const) {
      await using place = await table(engine, "id varchar(20), at bigint", {
        id: "id",
        visitedAt: { column: "at", unit },
        expiresAt: { after: "visitedAt", lifetime: "2h" },
      });
      await place.query(`INSERT INTO t VALUES ('a', ${stored}), ('b', 5), ('null', NULL)`);
      await using store = await place.open();
      const expired = onlyOf(store, [{ fact: "expiresAt", before: Date.now() }]);
      const refused = { name: "UsageError" };
      await rejects(expired.count(signal), refused);
      await rejects(async () => await expired.clear({ signal, onProgress() {} }), refused);
      await rejects(
        infos(place),
        /^UsageError: In (?:milli)?seconds, the latest time in the column at/,
      );
      await rejects(async () => {
        await store.survey?.({ signal, now: Date.now(), isQuick: true });
      }, refused);
      strictEqual(await store.count(signal), 3);
    }
  });

  test("a path that leads to no user is a warning", async () => {
    const layout = {
      id: "id",
      user: { path: "passport.usr" },
      payload: { column: "p", packed: "json" },
    } as const;
    await using place = await table(engine, "id varchar(20), p varchar(200)", layout);
    await place.query(`INSERT INTO t VALUES ('a', '{"passport":{"user":42}}')`);
    await using store = await place.open();
    const warnings = async () => {
      return (await store.survey?.({ signal, now: Date.now(), isQuick: false }))?.warnings;
    };
    const wrong = "No session has a user at passport.usr: check layout.user in the config";
    deepStrictEqual(await warnings(), [wrong]);
    await place.query(`INSERT INTO t VALUES ('b', '{"passport":{"usr":42}}')`);
    deepStrictEqual(await warnings(), []);
  });

  test("times in numbers are exact", async () => {
    const second = 1_700_000_000;
    const numbers = [
      ["seconds", "bigint", second, second * 1000],
      ["seconds", "int", second, second * 1000],
      ["milliseconds", "bigint", second * 1000 + 7, second * 1000 + 7],
      ["seconds", "decimal(20, 3)", `${second}.007`, second * 1000 + 7],
      ["seconds", "double precision", `${second}.25`, second * 1000 + 250],
    ] as const;
    for (const [unit, type, stored, time] of numbers) {
      await using place = await table(engine, `id varchar(20), at ${type}`, {
        id: "id",
        createdAt: { column: "at", unit },
        visitedAt: { column: "at", unit },
        expiresAt: { after: "visitedAt", lifetime: "90m" },
      });
      await place.query(`INSERT INTO t VALUES ('a', ${stored}), ('null', NULL)`);
      const expiresAt = time + 90 * 60_000;
      const times = (await infos(place)).map((info) => [info.visitedAt, info.expiresAt]);
      deepStrictEqual(times, [[time, expiresAt], [null, null]], type);
      await using store = await place.open();
      const survey = await store.survey?.({ signal, now: expiresAt, isQuick: false });
      deepStrictEqual(survey?.created, { oldest: time, newest: time });
      for (const [fact, at] of [["visitedAt", time], ["expiresAt", expiresAt]] as const) {
        for (const step of [-1, 0, 1]) {
          const isBefore = step > 0 ? handles("a") : [];
          const isFrom = step > 0 ? [] : handles("a");
          deepStrictEqual(await meant(place, { fact, before: at + step }), isBefore, type);
          deepStrictEqual(await meant(place, { fact, from: at + step }), isFrom, type);
        }
      }
      deepStrictEqual(await meant(place, { fact: "expiresAt", isNull: true }), handles("null"));
    }
  });

  test("the index on a column of numbers is used", async () => {
    const layout: DatabaseLayout = {
      id: "id",
      visitedAt: { column: "at", unit: "seconds" },
      expiresAt: { after: "visitedAt", lifetime: "2h" },
    };
    await using place = await table(engine, "id varchar(20), at int, note text", layout);
    await place.query("CREATE INDEX at_index ON t (at)");
    const rows = Array.from({ length: 2000 }, (_, index) => `('s${index}', ${index}, '')`);
    await place.query(`INSERT INTO t VALUES ${rows.join(", ")}`);
    await place.query("ANALYZE" + (engine === "mysql" ? " TABLE t" : " t"));
    const where = whereOf(engine, layout, [{ fact: "expiresAt", before: 7_200_000 + 9500 }]);
    const explain = engine === "sqlite" ? "EXPLAIN QUERY PLAN" : "EXPLAIN";
    const plan = JSON.stringify(await place.query(`${explain} SELECT * FROM t WHERE ${where}`));
    match(plan, RANGE_OF_INDEX[engine]);
    const [found] = await place.query(`SELECT count(*) AS n FROM t WHERE ${where}`);
    strictEqual(Number(found?.["n"]), 10);
  });

  test("ids of any type have handles, and are found by them", async () => {
    const uuid = "0b6c1b0e-7a51-4f0f-9d2a-3d6b1c1f2e9a";
    const bytes = engine === "postgres" ? "bytea" : "blob";
    const written = engine === "postgres" ? "'\\x00ff'" : "X'00ff'";
    const types: (readonly [string, string, string | Uint8Array])[] = [
      ["char(40)", `'${uuid}'`, uuid],
      ["varchar(300)", "'ж'", "ж"],
      ["text", "'a b'", "a b"],
      [bytes, written, new Uint8Array([0, 255])],
      ["bigint", "9007199254740993", "9007199254740993"],
      ...(engine === "sqlite" ? [] : [["uuid", `'${uuid}'`, uuid] as const]),
    ];
    for (const [type, sql, id] of types) {
      await using place = await table(engine, `k ${type}, at int`, {
        id: "k",
        visitedAt: { column: "at", unit: "seconds" },
      });
      await place.query(`INSERT INTO t VALUES (${sql}, 1700000000)`);
      const handle = handleOf(id);
      const described = (await infos(place)).map((info) => [info.handle, info.size]);
      // Without a payload, the size is that of the id.
      deepStrictEqual(described, [[handle, Buffer.from(id).length]], type);
      await using store = await place.open();
      const only = onlyOf(store, [{ fact: "handle", oneOf: [handle] }]);
      await only.clear({ signal, onProgress() {} });
      strictEqual(await store.count(signal), 0);
    }
  });

  test("users in texts are told apart exactly, and NULL is nobody", async () => {
    const layout: DatabaseLayout = { id: "id", user: "name" };
    await using place = await table(engine, "id varchar(20) PRIMARY KEY, name varchar(20)", layout);
    const users = [["a", "'Ada'"], ["b", "'ada'"], ["c", "'ada '"], ["d", "NULL"], ["e", "'0'"]];
    const rows = users.map(([id, name]) => `('${id}', ${name})`);
    await place.query(`INSERT INTO t VALUES ${rows.join(", ")}`);
    const found = (await infos(place)).map(({ user }) => user);
    deepStrictEqual(found.sort(), ["0", "Ada", "ada", "ada ", null].sort());
    deepStrictEqual(await meant(place, { fact: "user", oneOf: ["ada"] }), handles("b"));
    const others = await meant(place, { fact: "user", noneOf: ["ada"] });
    deepStrictEqual(others, handles("a", "c", "d", "e"));
    deepStrictEqual(await meant(place, { fact: "user", isNull: true }), handles("d"));
    const loggedIn = await meant(place, { fact: "user", isNull: false });
    deepStrictEqual(loggedIn, handles("a", "b", "c", "e"));
  });

  test("a table that is not as the config says is refused", async () => {
    const columns = "id varchar(20), at int, word varchar(20)";
    const wrong: readonly (readonly [DatabaseLayout, RegExp])[] = [
      [{ id: "sid" }, /^The table t has no column sid, which layout\.id in the config names \(/],
      [{ id: "id", user: "who" }, /no column who, which layout\.user /],
      [{ id: "id", payload: "sess" }, /no column sess, which layout\.payload /],
      [{ id: "id", expiresAt: "end\u{1b}" }, /no column end\\u001b, which layout\.expiresAt /],
      [
        { id: "id", expiresAt: "at" },
        /^The column at of the table t has the type int\S*, not one of times, as layout\.expiresAt /i,
      ],
      [
        { id: "id", visitedAt: { column: "word", unit: "seconds" } },
        /^The column word .* not one of numbers, as layout\.visitedAt in the config says \(/,
      ],
    ];
    for (const [layout, message] of wrong) {
      await using place = await table(engine, columns, layout);
      await place.query("INSERT INTO t VALUES ('a', 1, 'w')");
      await using store = await place.open();
      const handle: Selection = [{ fact: "handle", oneOf: [handleOf("a")] }];
      const all = {
        examine: async () => await store.examine?.(signal),
        list: async () => await store.list?.({ signal, onSessions() {} }),
        count: () => onlyOf(store, handle).count(signal),
        clear: async () => await onlyOf(store, handle).clear({ signal, onProgress() {} }),
      };
      for (const ask of Object.values(all)) {
        await rejects(ask, (error) => {
          ok(error instanceof UsageError, String(error));
          match(error.message, message);
          return true;
        });
      }
      strictEqual(await store.count(signal), 1);
    }
    // Only the id: whatever the others are called, these are sessions.
    await using place = await table(engine, columns, { id: "word" });
    await using store = await place.open();
    deepStrictEqual(await store.examine?.(signal), []);
  });

  test("a table of other software without a layout: the hint tells of layouts", async () => {
    await using place = await table(engine, "sid varchar(20), expire timestamp", undefined);
    await using store = await place.open();
    await rejects(listed(onlyOf(store, [])), (error) => {
      ok(error instanceof ImpossibleError);
      match(error.message, /^The table t has no column session_id for the session id \(/);
      match(error.hint ?? "", /describe it by layout in the backend's config/);
      return true;
    });
  });

  test("a payload is read as it is packed", async () => {
    const type = { postgres: "bytea", mysql: "longblob", sqlite: "blob" }[engine];
    const text = JSON.stringify({ account: { id: 42 }, seen: "2026-01-02T03:04:05.678Z" });
    const payloads = [Buffer.from(text), gzipSync(text), Buffer.from(sealed(text, {}))];
    for (const [index, packed] of (["json", "gzip", "sealed", undefined] as const).entries()) {
      await using place = await table(engine, `id int PRIMARY KEY, p ${type}`, {
        id: "id",
        user: { path: "account.id" },
        visitedAt: { path: "seen" },
        payload: packed === undefined ? "p" : { column: "p", packed },
      });
      for (const [id, payload] of payloads.entries()) {
        const bytes = engine === "postgres"
          ? `'\\x${payload.toString("hex")}'`
          : `X'${payload.toString("hex")}'`;
        await place.query(`INSERT INTO t VALUES (${id}, ${bytes})`);
      }
      const read = ["0", "1", "2"].slice(0, index + 1);
      deepStrictEqual(await meant(place, { fact: "user", oneOf: ["42"] }), handles(...read));
      const seen = (await infos(place)).filter(({ visitedAt }) => visitedAt === 1767323045678);
      strictEqual(seen.length, read.length);
    }
  });
}

const DIALECTS = { postgres: postgresDialect, mysql: mysqlDialect, sqlite: sqliteDialect };

/** The condition in SQL that a selection becomes. */
function whereOf(engine: Engine, layout: DatabaseLayout, selection: Selection): string {
  const dialect = DIALECTS[engine];
  const target = {
    url: "",
    engine,
    address: "",
    password: "",
    root: "/",
    table: { name: "t" },
    tableText: "t",
    timeout: 0,
    secrets: [],
    recorded: [],
  };
  const columns = [{ name: "id", type: "varchar" }, { name: "at", type: "int" }];
  const bound = bindLayout(layoutOf(v.parse(databaseLayout, layout)), columns, dialect, target);
  return planOf(selection, bound, dialect, target).where;
}

Deno.test(
  "layouts, postgres: a time without a zone is in the database's",
  NEEDS.postgres,
  async () => {
    await using place = await table("postgres", "id text, expire timestamp(6)", {
      id: "id",
      expiresAt: "expire",
    });
    const [found] = await place.query("SELECT current_database() AS name");
    await place.query(`ALTER DATABASE ${found?.["name"]} SET timezone TO 'Asia/Kolkata'`);
    await place.query("SET timezone TO 'Asia/Kolkata'");
    // As connect-pg-simple writes it.
    await place.query("INSERT INTO t VALUES ('a', to_timestamp(1700000000))");
    deepStrictEqual((await infos(place)).map(({ expiresAt }) => expiresAt), [1_700_000_000_000]);
    for (const [before, ids] of [[1_700_000_000_000, []], [1_700_000_000_001, ["a"]]] as const) {
      deepStrictEqual(await meant(place, { fact: "expiresAt", before }), handles(...ids));
    }
  },
);

Deno.test("layouts, postgres: an address of the type inet", NEEDS.postgres, async () => {
  await using place = await table("postgres", "id text, ip inet", { id: "id", ip: "ip" });
  await place.query("INSERT INTO t VALUES ('a', '10.0.0.1'), ('b', '2001:db8::1'), ('c', NULL)");
  const ips = (await infos(place)).map(({ ip }) => ip);
  deepStrictEqual(ips, ["10.0.0.1", "2001:db8::1", null]);
  deepStrictEqual(await meant(place, { fact: "ip", networks: ["10.0.0.0/8"] }), handles("a"));
});
