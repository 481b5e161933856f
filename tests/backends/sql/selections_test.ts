/** Selections in tables: what cannot be told, what is locked, and what changes meanwhile. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type {
  Backend,
  ClearCounts,
  SessionInfo,
  Sessions,
} from "../../../src/backends/contract.ts";
import { handleOf } from "../../../src/backends/handle.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import type { UserType } from "../../../src/core/recorded.ts";
import { dropColumnStatements } from "../../../src/backends/sql/alter.ts";
import { createStatements, type Engine, recordedColumns } from "../../../src/backends/sql/ddl.ts";
import { ImpossibleError } from "../../../src/core/errors.ts";
import type { Selection } from "../../../src/core/selection.ts";
import { needs } from "../../support/env.ts";
import { onlyOf } from "../conformance_selections.ts";
import { FORMS, sealed, SECRET } from "../sealed.ts";
import { context, payloadOf, type SavedSession } from "../subject.ts";
import { app } from "./app.ts";
import { CONNECT_PG_SIMPLE, laravel } from "./foreign_tables.ts";
import { CONNECT } from "./places.ts";

const { signal } = new AbortController();
const HOUR = 3_600_000;

const NEEDS = {
  postgres: needs("postgres"),
  mysql: needs("mariadb"),
  sqlite: { ignore: false },
} as const;

/** A table of setup in a fresh database. */
async function table(engine: Engine, secret?: string, user: UserType = "int64") {
  const opened = await CONNECT[engine]();
  const { query, url, root = "/" } = opened;
  const columns = recordedColumns(engine, { user, ip: false, userAgent: false });
  for (const lines of createStatements(engine, { name: "sessions" }, columns)) {
    await query(lines.join("\n"));
  }
  const backend = bindBackend("database", { url }, {
    ...context,
    root,
    env: (name) => name === "SESSION_SECRET" ? secret : undefined,
  });
  return {
    ...{ query, backend, ...app(engine, query, "sessions", undefined) },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

const session = (id: string, user: string | null, expiresAt = Date.now() + HOUR): SavedSession => ({
  ...{ id, user, expiresAt, createdAt: 0, visitedAt: 0, ip: null, userAgent: null },
});

async function clear(sessions: Sessions, options: { skipLocked?: boolean } = {}) {
  const counts = await sessions.clear({ signal, ...options, onProgress() {} });
  if (typeof counts === "number") throw new Error("a store that only counts");
  return counts;
}

const USER_42: Selection = [{ fact: "user", oneOf: ["42"] }];

for (const engine of ["postgres", "mysql", "sqlite"] as const) {
  const test = (name: string, ask: () => Promise<void>) =>
    Deno.test(`${engine}: ${name}`, NEEDS[engine], ask);

  test("a sealed payload is opened with the secret, and refused without it", async () => {
    for (const secret of [SECRET, undefined, "another secret, which is long enough"]) {
      await using place = await table(engine, secret);
      for (const form of FORMS) {
        const text = payloadOf(session("x", "42"));
        await place.insert(new TextEncoder().encode(sealed(text, form)));
      }
      await using store = await place.backend.connect(signal);
      const only = onlyOf(store, USER_42);
      if (secret === SECRET) {
        strictEqual(await only.count(signal), FORMS.length);
        strictEqual((await clear(only)).cleared, FORMS.length);
        continue;
      }
      const refusal = secret === undefined
        ? /^Some sessions are sealed, so azu cannot tell the user \(/
        : /^SESSION_SECRET does not open the sealed sessions, so azu cannot tell the user \(/;
      const list = async () => await only.list?.({ signal, onSessions() {} });
      for (const ask of [() => only.count(signal), () => clear(only), list]) {
        await rejects(ask, (error) => {
          ok(error instanceof ImpossibleError);
          match(error.message, refusal);
          match(error.hint ?? "", /SESSION_SECRET/);
          strictEqual(error.message.includes(secret ?? SECRET), false);
          return true;
        });
      }
      const infos: SessionInfo[] = [];
      await store.list?.({ signal, onSessions: (batch) => void infos.push(...batch) });
      deepStrictEqual(infos.map(({ user }) => user), FORMS.map(() => undefined));
      strictEqual(await store.count(signal), FORMS.length);
      // What the columns tell needs no secret.
      strictEqual(
        await onlyOf(store, [{ fact: "expiresAt", from: 0 }]).count(signal),
        FORMS.length,
      );
    }
  });

  test("sessions that cannot be read are not selected, and are counted apart", async () => {
    await using place = await table(engine);
    await place.selectable.save([session("mine", "42"), session("other", "1")]);
    const garbage = ["", "\0", "[1]", "{", '{"user_id":', "--", "a".repeat(5000)];
    for (const text of garbage) await place.insert(new TextEncoder().encode(text));
    await using store = await place.backend.connect(signal);
    for (const selection of [USER_42, [{ fact: "user", isNull: true }]] as const) {
      let unreadable = 0;
      const only = onlyOf(store, selection);
      await only.count(signal, { onUnreadable: (count) => unreadable = count });
      strictEqual(unreadable, garbage.length);
      unreadable = 0;
      const counts = await only.clear({
        signal,
        onProgress() {},
        onUnreadable: (count) => unreadable = count,
      });
      strictEqual(unreadable, garbage.length);
      strictEqual((counts as ClearCounts).cleared, selection === USER_42 ? 1 : 0);
    }
    strictEqual((await place.selectable.ids()).length, garbage.length + 1);
  });

  test("sessions that tell no address are counted apart, whoever did not record it", async () => {
    await using place = await table(engine);
    await place.selectable.save([{ ...session("known", null), ip: "10.0.0.1" }]);
    const silent = ["{}", '{"ip":null}', '{"ip":""}', '{"ip":7}'];
    for (const text of silent) await place.insert(new TextEncoder().encode(text));
    const asked = async () => {
      await using store = await place.backend.connect(signal);
      let unreadable = 0;
      const only = onlyOf(store, [{ fact: "ip", networks: ["10.0.0.0/8"] }]);
      const count = await only.count(signal, { onUnreadable: (found) => unreadable = found });
      return { count, unreadable };
    };
    deepStrictEqual(await asked(), { count: 1, unreadable: silent.length });
    await place.query("ALTER TABLE sessions DROP COLUMN data");
    await place.query("ALTER TABLE sessions ADD COLUMN ip varchar(45)");
    deepStrictEqual(await asked(), { count: 0, unreadable: silent.length + 1 });
  });

  test("a column that is missing is named", async () => {
    await using place = await table(engine);
    await place.query("ALTER TABLE sessions DROP COLUMN updated_at");
    await place.query("ALTER TABLE sessions DROP COLUMN data");
    for (const column of recordedColumns(engine)) {
      const statements = dropColumnStatements(engine, { name: "sessions" }, column);
      for (const statement of statements) await place.query(statement);
    }
    await using store = await place.backend.connect(signal);
    const missing: readonly (readonly [Selection, RegExp])[] = [
      [
        [{ fact: "visitedAt", before: 0 }],
        /has nothing that tells when a session was last visited/,
      ],
      [USER_42, /has nothing that tells the user \(/],
      [[{ fact: "ip", networks: ["::1"] }], /has nothing that tells the IP address/],
    ];
    for (const [selection, message] of missing) {
      await rejects(onlyOf(store, selection).count(signal), { name: "ImpossibleError", message });
      await rejects(clear(onlyOf(store, selection)), { name: "ImpossibleError", message });
    }
  });

  test("users that are UUIDs, nobody, and what no column can hold", async () => {
    await using place = await table(engine, undefined, "uuid");
    const user = "0b6c1b0e-7a51-4f0f-9d2a-3d6b1c1f2e9a";
    const values = {
      mine: user,
      nobody: "00000000-0000-0000-0000-000000000000",
      other: user.replace("0", "1"),
      old: null,
    };
    await place.selectable.save(Object.keys(values).map((id) => session(id, user)));
    for (const [id, value] of Object.entries(values)) {
      if (value === null) continue;
      await place.query(`UPDATE sessions SET user_id = '${value}' WHERE session_id = '${id}'`);
    }
    await using store = await place.backend.connect(signal);
    const count = async (...selection: Selection) => await onlyOf(store, selection).count(signal);
    strictEqual(await count({ fact: "user", oneOf: [user] }), 2);
    strictEqual(await count({ fact: "user", isNull: true }), 1);
    for (const unlike of ["42", "", "x'; --", "a\0b", "🍪"]) {
      strictEqual(await count({ fact: "user", oneOf: [unlike] }), 0);
    }
    strictEqual((await clear(onlyOf(store, [{ fact: "user", oneOf: [user] }]))).cleared, 2);
    deepStrictEqual((await place.selectable.ids()).toSorted(), ["nobody", "other"]);
  });

  test("a session that is prolonged while the expired ones go survives", async () => {
    await using place = await table(engine);
    await prolongs({
      ...place,
      ids: place.selectable.ids,
      save: place.selectable.save,
      set: (id) => `UPDATE sessions SET expires_at = '2100-01-01' WHERE session_id = '${id}'`,
      isSet: (id) => `sessions WHERE session_id = '${id}' AND expires_at > '2099-01-01'`,
    });
  });

  test("so does one in a table of other software", async () => {
    await using opened = await CONNECT[engine]();
    const { query, url, root = "/" } = opened;
    const { create, layout, app } = engine === "postgres" ? CONNECT_PG_SIMPLE : laravel(engine);
    for (const statement of create("sessions")) await query(statement);
    const { selectable } = app(query, "sessions");
    const [change, isChanged] = engine === "postgres"
      ? ["expire = '2100-01-01'", "expire > '2099-01-01'"]
      : ["last_activity = 2100000000", "last_activity > 2000000000"];
    await prolongs({
      backend: bindBackend("database", { url, layout }, { ...context, root }),
      query,
      ids: async () => await selectable?.ids() ?? [],
      save: async (sessions) => await selectable?.save(sessions),
      set: (id) => `UPDATE sessions SET ${change} WHERE ${layout.id} = '${id}'`,
      isSet: (id) => `sessions WHERE ${layout.id} = '${id}' AND ${isChanged}`,
    });
  });
}

/** Removes 1000 expired sessions while an app prolongs them, and checks that those stay. */
async function prolongs({ backend, query, ids, save, set, isSet }: {
  readonly backend: Backend;
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  ids(): Promise<readonly string[]>;
  save(sessions: readonly SavedSession[]): Promise<void>;
  /** The statement that prolongs a session. */
  set(id: string): string;
  /** The table, and the condition that a session is prolonged. */
  isSet(id: string): string;
}): Promise<void> {
  const now = Date.now();
  const past = { expiresAt: now - HOUR, visitedAt: now - 48 * HOUR };
  const saved = Array.from({ length: 1000 }, (_, index) => ({
    ...session(`s${index}`, null),
    ...past,
  }));
  await save(saved);
  await using store = await backend.connect(signal);
  const expired = onlyOf(store, [{ fact: "expiresAt", before: now }]);
  const prolonged = new Set<string>();
  const prolong = async (id: string) => {
    // InnoDB locks an index and the row one after the other, so an app must expect this anyway.
    await query(set(id)).catch((error: Error) => {
      if (!/Deadlock/.test(error.message)) throw error;
    });
    const [row] = await query(`SELECT count(*) AS there FROM ${isSet(id)}`);
    if (Number(row?.["there"]) === 1) prolonged.add(id);
  };
  let isOver = false;
  const work = (async () => {
    for (let index = 999; index >= 0 && !isOver; index--) {
      await prolong(`s${(index * 7) % 1000}`);
      // The driver of SQLite blocks.
      await new Promise((resolve) => setTimeout(resolve));
    }
  })();
  const clearing = expired.clear({
    signal,
    skipLocked: true,
    budget: { batch: 50, pause: 2 },
    onProgress() {},
  });
  const counts = await clearing.finally(() => {
    isOver = true;
    return work;
  });
  const there = new Set(await ids());
  deepStrictEqual([...prolonged].filter((id) => !there.has(id)), []);
  strictEqual((counts as ClearCounts).cleared, 1000 - there.size);
  strictEqual((counts as ClearCounts).remaining, 0);
  ok(prolonged.size > 0 && prolonged.size < 1000, `${prolonged.size} were prolonged`);
}

for (const engine of ["postgres", "mysql"] as const) {
  Deno.test(
    `${engine}: rows that are locked are left, without waiting`,
    NEEDS[engine],
    async () => {
      await using place = await table(engine);
      const past = Date.now() - HOUR;
      await place.selectable.save(["a", "b", "c"].map((id) => session(id, null, past)));
      await using other = await lock(engine, place.query, "b");
      await using store = await place.backend.connect(signal);
      const selection: Selection = [{ fact: "expiresAt", before: Date.now() }];
      const begin = performance.now();
      const counts = await clear(onlyOf(store, selection), { skipLocked: true });
      ok(performance.now() - begin < 3000);
      deepStrictEqual([counts.cleared, counts.remaining], [2, 1]);
      await other.end();
      deepStrictEqual(await place.selectable.ids(), ["b"]);
      const rest = await clear(onlyOf(store, selection), { skipLocked: true });
      deepStrictEqual([rest.cleared, rest.remaining], [1, 0]);
    },
  );
}

/** Holds a lock on a row, through the connection of the test. */
async function lock(
  engine: "postgres" | "mysql",
  query: (sql: string) => Promise<unknown>,
  id: string,
) {
  await query(engine === "postgres" ? "BEGIN" : "START TRANSACTION");
  await query(`SELECT * FROM sessions WHERE session_id = '${id}' FOR UPDATE`);
  let isOver = false;
  const end = async () => {
    if (!isOver) await query("COMMIT");
    isOver = true;
  };
  return { end, [Symbol.asyncDispose]: end };
}

Deno.test("a handle is stable", () => {
  strictEqual(handleOf("0b6c1b0e-7a51-4f0f-9d2a-3d6b1c1f2e9a").length, 12);
  strictEqual(handleOf("a"), handleOf(new TextEncoder().encode("a")));
});
