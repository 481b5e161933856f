/** Stores that sessions are copied between, arranged and looked at without azu. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import { createStatements, type Engine, recordedColumns } from "../../../src/backends/sql/ddl.ts";
import { freshMariadb, freshPostgres } from "../../support/servers/database.ts";
import { startCluster } from "../../support/servers/redis_cluster.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { tempDir } from "../../support/temp.ts";

/** A session in a store. */
export interface Kept {
  readonly payload: string | Uint8Array;
  readonly expiresAt: number;
  readonly visitedAt: number;
}

/** Digests of the payloads, and expiries, by the ids of the sessions. */
export type Look = Readonly<Record<string, readonly [payload: string, expiresAt: number]>>;

export interface End extends AsyncDisposable {
  /** Its entry in the config. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Writes sessions, as an app does. */
  write(sessions: Readonly<Record<string, Kept>>): Promise<void>;
  remove(...ids: readonly string[]): Promise<void>;
  look(): Promise<Look>;
}

export function lookOf(sessions: Readonly<Record<string, Kept>>): Look {
  return Object.fromEntries(
    Object.entries(sessions).map(([id, { payload, expiresAt }]) => {
      return [id, [digest(bytes(payload)), expiresAt]] as const;
    }),
  );
}

function digest(payload: Uint8Array): string {
  return createHash("sha256").update(payload).digest("hex");
}

function bytes(payload: string | Uint8Array): Uint8Array {
  return typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
}

const PREFIX = "shop:session:";

export async function redisEnd(): Promise<End> {
  const server = await startRedis();
  const client = new Redis(server.url);
  await client.set("shop:session", "neighbour");
  return redisAt(server.url, [client], () => client, async () => {
    client.disconnect();
    await server[Symbol.asyncDispose]();
  });
}

export async function clusterEnd(): Promise<End> {
  const cluster = await startCluster({ replicas: false });
  const clients = cluster.masters.map(({ client }) => client);
  const clientOf = (key: string) => cluster.masterOf(Buffer.from(key)).client;
  return redisAt(cluster.url, clients, clientOf, () => cluster[Symbol.asyncDispose]());
}

function redisAt(
  url: string,
  clients: readonly Redis[],
  clientOf: (key: string) => Redis,
  dispose: () => PromiseLike<void>,
): End {
  return {
    entry: { type: "redis", url, keyPrefix: PREFIX },
    async write(sessions) {
      for (const [id, { payload, expiresAt }] of Object.entries(sessions)) {
        const key = PREFIX + id;
        await clientOf(key).set(key, Buffer.from(bytes(payload)), "PXAT", expiresAt);
      }
    },
    async remove(...ids) {
      for (const id of ids) await clientOf(PREFIX + id).del(PREFIX + id);
    },
    async look() {
      const found: [string, readonly [string, number]][] = [];
      for (const client of clients) {
        for (const key of await client.keys(`${PREFIX}*`)) {
          const payload = await client.getBuffer(key);
          const expiresAt = Number(await client.call("PEXPIRETIME", key));
          found.push([key.slice(PREFIX.length), [digest(payload ?? Buffer.alloc(0)), expiresAt]]);
        }
      }
      return Object.fromEntries(found);
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** What differs between the engines. */
interface Sql {
  readonly engine: Engine;
  readonly url: string;
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  literal(payload: Uint8Array): string;
  /** The expiry in milliseconds since 1970. */
  readonly expiry: string;
  dispose(): PromiseLike<void>;
}

async function sqlEnd({ engine, url, query, literal, expiry, dispose }: Sql): Promise<End> {
  const columns = recordedColumns(engine, { user: "int64", ip: true, userAgent: true });
  for (const lines of createStatements(engine, { name: "sessions" }, columns)) {
    await query(lines.join("\n"));
  }
  const time = (milliseconds: number) => {
    return `'${new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "")}'`;
  };
  const remove = async (...ids: readonly string[]) => {
    for (const id of ids) await query(`DELETE FROM sessions WHERE session_id = '${id}'`);
  };
  return {
    entry: { type: "database", url },
    async write(sessions) {
      for (const [id, { payload, expiresAt, visitedAt }] of Object.entries(sessions)) {
        await remove(id);
        await query(
          "INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at) VALUES " +
            `('${id}', ${literal(bytes(payload))}, ${time(visitedAt - 1000)}, ` +
            `${time(visitedAt)}, ${time(expiresAt)})`,
        );
      }
    },
    remove,
    async look() {
      const rows = await query(`SELECT session_id, data, ${expiry} AS expiry FROM sessions`);
      return Object.fromEntries(rows.map(({ session_id, data, expiry }) => {
        const payload = data instanceof Uint8Array ? data : bytes(String(data));
        return [String(session_id), [digest(payload), Math.round(Number(expiry))]] as const;
      }));
    },
    [Symbol.asyncDispose]: dispose,
  };
}

export async function postgresEnd(): Promise<End> {
  const database = await freshPostgres();
  await database.query("SET timezone TO 'UTC'");
  return await sqlEnd({
    engine: "postgres",
    url: database.url,
    query: (sql) => database.query(sql),
    literal: (payload) => `'\\x${Buffer.from(payload).toString("hex")}'`,
    expiry: "extract(epoch FROM expires_at) * 1000",
    dispose: () => database[Symbol.asyncDispose](),
  });
}

export async function mysqlEnd(): Promise<End> {
  const database = await freshMariadb();
  await database.query("SET time_zone = '+00:00'");
  return await sqlEnd({
    engine: "mysql",
    url: database.url,
    query: (sql) => database.query(sql),
    literal: (payload) => `X'${Buffer.from(payload).toString("hex")}'`,
    expiry: "UNIX_TIMESTAMP(expires_at) * 1000",
    dispose: () => database[Symbol.asyncDispose](),
  });
}

export async function sqliteEnd(): Promise<End> {
  const folder = await tempDir();
  const database = new DatabaseSync(`${folder.path}/a.db`);
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF");
  return await sqlEnd({
    engine: "sqlite",
    url: `sqlite3://${folder.path}/a.db`,
    query: (sql) => Promise.resolve(database.prepare(sql).all()),
    literal: (payload) => `X'${Buffer.from(payload).toString("hex")}'`,
    // julianday loses milliseconds.
    expiry: "strftime('%s', expires_at) * 1000 + " +
      "CAST(substr(strftime('%f', expires_at), 4, 3) AS INTEGER)",
    async dispose() {
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  });
}
