/** Tables of other software, as it creates and writes them, and their layouts. */
import type { DatabaseLayout } from "../../../src/backends/sql/layout_options.ts";
import type { TestDatabase } from "../../support/servers/database.ts";
import type { Fixture, SavedSession } from "../subject.ts";
import { WORDS } from "./app.ts";

type Query = TestDatabase["query"];

export interface ForeignTable {
  readonly layout: DatabaseLayout;
  /** The statements that create it. */
  create(table: string): readonly string[];
  /** What its app does with it. */
  app(
    query: Query,
    table: string,
  ): Pick<Fixture, "put" | "insert" | "update" | "old" | "putOdd" | "tellsNew" | "selectable">;
}

const ODD_IDS = ["", " a", "%", "€", "i".repeat(255)];
const DAY = 86_400_000;

const quoted = (text: string | null) => {
  return text === null ? "NULL" : `'${text.replaceAll("'", "''")}'`;
};

/** As many rows as a statement may have. */
function* batches(rows: readonly string[]): Generator<readonly string[]> {
  for (let begin = 0; begin < rows.length; begin += 1000) yield rows.slice(begin, begin + 1000);
}

/** The statements of its table.sql. */
export const CONNECT_PG_SIMPLE: ForeignTable = {
  layout: {
    id: "sid",
    user: { path: "passport.user" },
    expiresAt: "expire",
    payload: { column: "sess", packed: "json" },
  },
  create: (table) => [
    `CREATE TABLE ${table} (
      "sid" varchar NOT NULL COLLATE "default",
      "sess" json NOT NULL,
      "expire" timestamp(6) NOT NULL
    ) WITH (OIDS=FALSE)`,
    `ALTER TABLE ${table} ADD CONSTRAINT "session_pkey" PRIMARY KEY ("sid") NOT DEFERRABLE INITIALLY IMMEDIATE`,
    `CREATE INDEX "IDX_session_expire" ON ${table} ("expire")`,
  ],
  app(query, table) {
    const put = async (rows: string) => {
      await query(`INSERT INTO ${table} ("sid", "sess", "expire") ${rows}`);
    };
    // As it writes an expiry: by the time zone of the connection.
    const time = (milliseconds: number) => `to_timestamp(${milliseconds} / 1000.0)`;
    const future = time(Date.UTC(2100, 0));
    const sess = (payload: unknown) => quoted(JSON.stringify({ cookie: {}, payload }));
    let next = 0;
    return {
      tellsNew: false,
      selectable: {
        cases: 2,
        keepsExpired: true,
        keepsForever: false,
        untold: ["createdAt", "visitedAt", "ip", "userAgent"],
        async save(sessions) {
          const rows = sessions.map(({ id, user, expiresAt }) => {
            const text = JSON.stringify(expressSession(user, expiresAt ?? 0));
            return `(${quoted(id)}, ${quoted(text)}, ${time(expiresAt ?? 0)})`;
          });
          for (const some of batches(rows)) await put(`VALUES ${some.join(", ")}`);
        },
        ids: async () => (await query(`SELECT sid FROM ${table}`)).map(({ sid }) => String(sid)),
      },
      async put(count) {
        if (count === 0) return;
        const { series, joined } = WORDS.postgres;
        await put(`SELECT ${joined("i")}, ${sess(1)}, ${future} FROM (${series(count)}) AS n`);
      },
      insert: (payload = new Uint8Array()) => {
        return put(`VALUES ('new${next++}', ${sess(payload.toBase64())}, ${future})`);
      },
      async update(from, upTo) {
        const ids = Array.from({ length: upTo - from }, (_, index) => `'s${from + index}'`);
        const longer = sess("x".repeat(200));
        await query(`UPDATE ${table} SET sess = ${longer} WHERE sid IN (${ids.join(", ")})`);
      },
      async old() {
        const [row] = await query(`SELECT count(*) AS n FROM ${table} WHERE sid LIKE 's%'`);
        return Number(row?.["n"]);
      },
      async putOdd() {
        for (const id of ODD_IDS) await put(`VALUES (${quoted(id)}, ${sess(1)}, ${future})`);
        await put(`VALUES ('old', ${sess(1)}, '1970-01-02'), ('never', ${sess(1)}, 'infinity')`);
        return ODD_IDS.length + 2;
      },
    };
  },
};

/** What express-session stores, with passport if somebody is logged in. */
function expressSession(user: string | null, expiresAt: number) {
  return {
    cookie: {
      originalMaxAge: 86_400_000,
      expires: new Date(expiresAt).toISOString(),
      httpOnly: true,
      path: "/",
    },
    ...(user === null ? {} : { passport: { user: /^\d{1,15}$/.test(user) ? Number(user) : user } }),
  };
}

const LARAVEL = {
  mysql: (table: string) => [
    `create table ${table} (\`id\` varchar(255) not null, \`user_id\` bigint unsigned null, ` +
    "`ip_address` varchar(45) null, `user_agent` text null, `payload` longtext not null, " +
    "`last_activity` int not null, primary key (`id`)) " +
    "default character set utf8mb4 collate 'utf8mb4_unicode_ci'",
    `alter table ${table} add index \`sessions_user_id_index\`(\`user_id\`)`,
    `alter table ${table} add index \`sessions_last_activity_index\`(\`last_activity\`)`,
  ],
  sqlite: (table: string) => [
    `create table ${table} ("id" varchar not null, "user_id" integer, "ip_address" varchar, ` +
    '"user_agent" text, "payload" text not null, "last_activity" integer not null, ' +
    'primary key ("id"))',
    `create index "sessions_user_id_index" on ${table} ("user_id")`,
    `create index "sessions_last_activity_index" on ${table} ("last_activity")`,
  ],
};

/** The statements of its migration, as it runs them. */
export function laravel(engine: "mysql" | "sqlite"): ForeignTable {
  return {
    layout: {
      id: "id",
      user: "user_id",
      ip: "ip_address",
      userAgent: "user_agent",
      visitedAt: { column: "last_activity", unit: "seconds" },
      expiresAt: { after: "visitedAt", lifetime: "1d" },
      payload: { column: "payload", packed: "opaque" },
    },
    create: LARAVEL[engine],
    app(query, table) {
      const put = async (rows: string) => {
        const columns = "id, user_id, ip_address, user_agent, payload, last_activity";
        await query(`INSERT INTO ${table} (${columns}) ${rows}`);
      };
      const { series, joined } = WORDS[engine];
      const rest = `1, '10.0.0.1', 'agent', 'YTow', ${Date.UTC(2037, 0) / 1000}`;
      let next = 0;
      return {
        tellsNew: engine === "sqlite", // by its row ids
        selectable: {
          cases: 2,
          keepsExpired: true,
          keepsForever: false,
          untold: ["createdAt"],
          kept(session) {
            const { user, visitedAt } = session;
            const seconds = secondsOf(visitedAt);
            return {
              ...session,
              user: user !== null && /^\d+$/.test(user) ? user : null,
              visitedAt: seconds * 1000,
              expiresAt: seconds * 1000 + DAY,
            };
          },
          async save(sessions) {
            for (const some of batches(sessions.map(laravelRow))) {
              await put(`VALUES ${some.join(", ")}`);
            }
          },
          ids: async () => (await query(`SELECT id FROM ${table}`)).map(({ id }) => String(id)),
        },
        async put(count) {
          if (count > 0) await put(`SELECT ${joined("i")}, ${rest} FROM (${series(count)}) AS n`);
        },
        insert: (payload = new Uint8Array()) => {
          const text = quoted(payload.toBase64());
          return put(`VALUES ('new${next++}', NULL, NULL, NULL, ${text}, 2000000000)`);
        },
        async update(from, upTo) {
          const ids = Array.from({ length: upTo - from }, (_, index) => `'s${from + index}'`);
          const longer = `payload = '${"x".repeat(200)}'`;
          await query(`UPDATE ${table} SET ${longer} WHERE id IN (${ids.join(", ")})`);
        },
        async old() {
          const [row] = await query(`SELECT count(*) AS n FROM ${table} WHERE id LIKE 's%'`);
          return Number(row?.["n"]);
        },
        async putOdd() {
          for (const id of ODD_IDS) await put(`VALUES (${quoted(id)}, ${rest})`);
          await put("VALUES ('old', NULL, NULL, NULL, '', 0)");
          return ODD_IDS.length + 1;
        },
      };
    },
  };
}

/** A row as Laravel saves it. Its payload is base64 of what PHP has serialized. */
function laravelRow(session: SavedSession): string {
  const { id, user, visitedAt, ip, userAgent } = session;
  const userId = user !== null && /^\d+$/.test(user) ? user : "NULL";
  const payload = btoa('a:1:{s:6:"_token";s:4:"x{}"}');
  const texts = [id, ip, userAgent, payload].map(quoted);
  const [quotedId, ...others] = texts;
  return `(${[quotedId, userId, ...others, secondsOf(visitedAt)].join(", ")})`;
}

function secondsOf(milliseconds: number | null): number {
  return Math.floor((milliseconds ?? 0) / 1000);
}
