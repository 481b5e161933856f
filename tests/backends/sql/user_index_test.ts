/** The sessions of a user are found by the index on their column, in every statement. */
import { ok, strictEqual } from "node:assert/strict";
import type { Selection } from "../../../src/core/selection.ts";
import type { DatabaseTarget } from "../../../src/backends/sql/backend.ts";
import { createStatements, type Engine, recordedColumns } from "../../../src/backends/sql/ddl.ts";
import type { RowTable } from "../../../src/backends/sql/rows.ts";
import { openSqlStore, type SqlEngine, type SqlSession } from "../../../src/backends/sql/store.ts";
import { mysql } from "../../../src/backends/mysql/store.ts";
import { postgres } from "../../../src/backends/postgres/store.ts";
import { sqlite } from "../../../src/backends/sqlite/store.ts";
import { needs } from "../../support/env.ts";
import { onlyOf } from "../conformance_selections.ts";
import { app } from "./app.ts";
import { CONNECT } from "./places.ts";

const { signal } = new AbortController();
const ROWS = 50_000;
const USERS = 2500;

/** The same engine. `told` receives what it reads. */
function telling<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  told: (sql: string) => void,
): SqlEngine<Session> {
  const telling = <Table extends RowTable>(table: Table): Table => ({
    ...table,
    read(sql) {
      told(sql);
      return table.read(sql);
    },
  });
  return {
    ...engine,
    readRows: async (...args) => telling(await engine.readRows(...args)),
    removableRows: async (...args) => telling(await engine.removableRows(...args)),
  };
}

const OPEN = {
  postgres: (target: DatabaseTarget, told: (sql: string) => void) =>
    openSqlStore(telling(postgres, told), target, signal, "operate"),
  mysql: (target: DatabaseTarget, told: (sql: string) => void) =>
    openSqlStore(telling(mysql, told), target, signal, "operate"),
  sqlite: (target: DatabaseTarget, told: (sql: string) => void) =>
    openSqlStore(telling(sqlite, told), target, signal, "operate"),
} as const satisfies Record<Engine, unknown>;

const NEEDS = {
  postgres: needs("postgres"),
  mysql: needs("mariadb"),
  sqlite: { ignore: false },
} as const;

for (const engine of ["postgres", "mysql", "sqlite"] as const) {
  Deno.test(`${engine}: the sessions of users are found by an index`, NEEDS[engine], async () => {
    await using database = await CONNECT[engine]();
    const { query, url, root = "/" } = database;
    const table = { name: "sessions" };
    for (const lines of createStatements(engine, table)) await query(lines.join("\n"));
    const rows = app(engine, query, "sessions", undefined);
    await rows.put(ROWS);
    await query(`UPDATE sessions SET user_id = id % ${USERS}`);
    // Saved by an app that does not know the column.
    const times = { createdAt: 0, visitedAt: 0, expiresAt: Date.now() };
    const old = { id: "old", user: "42", ip: null, userAgent: null, ...times };
    await rows.selectable.save([old]);
    const statements: string[] = [];
    const target: DatabaseTarget = {
      url,
      engine,
      root,
      table,
      tableText: "sessions",
      address: url,
      password: "",
      timeout: 5000,
      secrets: [],
      recorded: recordedColumns(engine),
    };
    await using store = await OPEN[engine](target, (sql) => statements.push(sql));
    for (const [users, expected] of [[["42"], 21], [["7", "8", "9"], 60]] as const) {
      const selection: Selection = [{ fact: "user", oneOf: [...users] }];
      const only = onlyOf(store, selection);
      statements.length = 0;
      strictEqual(await only.count(signal), expected);
      let listed = 0;
      await only.list?.({ signal, onSessions: (batch) => void (listed += batch.length) });
      strictEqual(listed, expected);
      const counts = await only.clear({ signal, onProgress() {} });
      ok(typeof counts === "object");
      strictEqual(counts.cleared, expected);
      strictEqual(counts.remaining, 0);
      const selecting = statements.filter((sql) => sql.includes("user_id"));
      ok(selecting.length >= 4);
      const explain = engine === "sqlite" ? "EXPLAIN QUERY PLAN" : "EXPLAIN";
      for (const sql of selecting) {
        const plan = JSON.stringify(await query(`${explain} ${sql}`));
        ok(plan.includes("sessions_user_id_idx"), `${sql}\n${plan}`);
      }
    }
    strictEqual((await rows.selectable.ids()).length, ROWS + 1 - 81);
  });
}
