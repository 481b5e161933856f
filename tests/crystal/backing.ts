/** Where the test app's sessions are kept, looked at from outside. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createStatements, recordedColumns } from "../../src/backends/sql/ddl.ts";
import { runAzu } from "../support/cli.ts";
import { freshPostgres } from "../support/servers/database.ts";
import { startRedis } from "../support/servers/redis.ts";
import { tempDir } from "../support/temp.ts";
import { appFolder } from "./app.ts";
import { startMariadb } from "./mariadb.ts";
import { openRedis } from "./redis_client.ts";
import { environmentOf, KEY_PREFIX, TABLE, type Variant } from "./variants.ts";

/** An empty store of a test's own. */
export interface Backing extends AsyncDisposable {
  /** What the app and the tool are told of it. */
  readonly env: Readonly<Record<string, string>>;
  /** The ids of the sessions that it holds; of a memory store nobody can tell. */
  ids(): Promise<string[]>;
  /** What it holds of one session, a byte to a character. */
  raw?(id: string): Promise<string>;
  /** Of a database: the user, the address and the agent in a session's columns; NULL is empty. */
  recorded?(id: string): Promise<string[] | undefined>;
  /** Of a database: what its catalog says of the table, a line for each fact. */
  shape?(): Promise<string[]>;
}

/** Makes an empty store for a variant's app, with the table that `session:setup --apply` makes. */
export async function openBacking(variant: Variant): Promise<Backing> {
  if (variant.name === "memory") return { ...none, env: {}, ids: () => Promise.resolve([]) };
  if (variant.backend === "redis") return await openRedisBacking();
  const backing = await EMPTY_DATABASES[variant.engine ?? "sqlite"]();
  if (variant.engine === "mysql") return backing;
  const { code, stderr } = await runAzu(["session:setup", "--apply", "--force"], {
    cwd: appFolder(variant),
    env: { AZU_ENV: environmentOf(variant), ...backing.env },
  });
  if (code !== 0) throw new Error(`session:setup --apply failed: ${stderr}`);
  return backing;
}

const POSTGRES_SHAPE = `
  SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
    pg_get_expr(adbin, adrelid)) AS fact
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = to_regclass('${TABLE}') AND attnum > 0
  UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = '${TABLE}'
  UNION ALL SELECT concat_ws(' ', '${TABLE}', conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE conrelid = to_regclass('${TABLE}') ORDER BY 1`;

const SQLITE_SHAPE =
  `SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS fact FROM sqlite_schema
  WHERE tbl_name = '${TABLE}' ORDER BY 1`;

const RECORDED = ["user_id", "ip", "user_agent"];

const none = { [Symbol.asyncDispose]: () => Promise.resolve() };

async function openRedisBacking(): Promise<Backing> {
  const server = await startRedis();
  return {
    env: { REDIS_URL: server.url },
    async ids() {
      await using redis = await openRedis(server.port);
      const keys = await redis.keys(`${KEY_PREFIX}*`);
      return keys.map((key) => key.slice(KEY_PREFIX.length));
    },
    async raw(id) {
      await using redis = await openRedis(server.port);
      return await redis.raw(`${KEY_PREFIX}${id}`);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Databases that have no table yet; that of MySQL has, as the tool cannot make it there. */
export const EMPTY_DATABASES = {
  async postgres(): Promise<Backing> {
    const database = await freshPostgres();
    return {
      env: { DATABASE_URL: database.url },
      async ids() {
        const rows = await database.query(`SELECT session_id FROM ${TABLE}`);
        return rows.map((row) => String(row["session_id"]));
      },
      async raw(id) {
        const sql = `SELECT encode(data, 'hex') AS hex FROM ${TABLE} WHERE session_id = '${id}'`;
        return fromHex(String((await database.query(sql))[0]?.["hex"]));
      },
      async recorded(id) {
        const sql = `SELECT ${RECORDED.join(", ")} FROM ${TABLE} WHERE session_id = '${id}'`;
        const [row] = await database.query(sql);
        return row && RECORDED.map((name) => String(row[name] ?? ""));
      },
      async shape() {
        return (await database.query(POSTGRES_SHAPE)).map((row) => String(row["fact"]));
      },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  },
  async sqlite(): Promise<Backing> {
    const folder = await tempDir("azu-sqlite-");
    const file = join(folder.path, "my_app.db");
    return {
      env: { DATABASE_URL: `sqlite3://${file}` },
      ids() {
        const database = new DatabaseSync(file, { readOnly: true });
        const rows = database.prepare(`SELECT session_id FROM ${TABLE}`).all();
        database.close();
        return Promise.resolve(rows.map((row) => String(row["session_id"])));
      },
      raw(id) {
        const database = new DatabaseSync(file, { readOnly: true });
        const sql = `SELECT hex(data) AS hex FROM ${TABLE} WHERE session_id = ?`;
        const row = database.prepare(sql).get(id);
        database.close();
        return Promise.resolve(fromHex(String(row?.["hex"])));
      },
      recorded(id) {
        const database = new DatabaseSync(file, { readOnly: true });
        const sql = `SELECT ${RECORDED.join(", ")} FROM ${TABLE} WHERE session_id = ?`;
        const row = database.prepare(sql).get(id);
        database.close();
        return Promise.resolve(row && RECORDED.map((name) => String(row[name] ?? "")));
      },
      shape() {
        const database = new DatabaseSync(file, { readOnly: true });
        const rows = database.prepare(SQLITE_SHAPE).all();
        database.close();
        return Promise.resolve(rows.map((row) => String(row["fact"])));
      },
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  },
  async mysql(): Promise<Backing> {
    const server = await startMariadb();
    const recorded = { user: "int64", ip: true, userAgent: true } as const;
    const columns = recordedColumns("mysql", recorded);
    const statements = createStatements("mysql", { name: TABLE }, columns);
    const sql = statements.map((lines) => lines.join("\n")).join(";\n");
    await server.sql(`CREATE DATABASE my_app; USE my_app; ${sql}`);
    return {
      env: { DATABASE_URL: `${server.url}/my_app?ssl-mode=disabled` },
      ids: () => server.sql(`SELECT session_id FROM my_app.${TABLE}`),
      async raw(id) {
        const sql = `SELECT hex(data) FROM my_app.${TABLE} WHERE session_id = '${id}'`;
        return fromHex((await server.sql(sql)).join());
      },
      async recorded(id) {
        const columns = RECORDED.map((name) => `coalesce(${name}, '')`).join(", ");
        const sql = `SELECT ${columns} FROM my_app.${TABLE} WHERE session_id = '${id}'`;
        const [row] = await server.sql(`SET NAMES utf8mb4; ${sql}`);
        return row?.split("\t");
      },
      async shape() {
        const tables = await server.sql(`USE my_app; SHOW TABLES LIKE '${TABLE}'`);
        if (tables.length === 0) return [];
        const [made = ""] = await server.sql(`SHOW CREATE TABLE my_app.${TABLE}`);
        return made.replace(/ AUTO_INCREMENT=\d+/, () => "").split("\\n");
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

function fromHex(hex: string): string {
  return String.fromCharCode(...Uint8Array.fromHex(hex));
}
