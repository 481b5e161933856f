/** PostgreSQL databases with the same sessions: one is filled, the others are copies. */
// @ts-types="@types/pg"
import pg from "pg";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { SESSIONS_PER_USER } from "./options.ts";
import { type PostgresServer, startPostgres } from "../../tests/support/servers/postgres.ts";

/**
 * The settings of a server that must not lose data: commits are on the disk. No checkpoint and no
 * autovacuum runs during a measurement, whether of azu or of its competitor.
 */
const SETTINGS = {
  shared_buffers: "512MB",
  max_wal_size: "8GB",
  checkpoint_timeout: "1h",
  autovacuum: "off",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
};

/** A copy. It is dropped when it is disposed of. */
export interface Sessions extends AsyncDisposable {
  readonly url: string;
  readonly client: pg.Client;
}

/** A server with a filled database to copy. */
export class PostgresData implements AsyncDisposable {
  readonly #server: PostgresServer;
  readonly #admin: pg.Client;
  #databases = 0;

  private constructor(server: PostgresServer, admin: pg.Client) {
    this.#server = server;
    this.#admin = admin;
  }

  static async make(sessions: number): Promise<PostgresData> {
    const args = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const server = await startPostgres({ args });
    const admin = await connected(server.url);
    await admin.query("CREATE DATABASE filled");
    const client = await connected(urlOf(server, "filled"));
    for (const lines of createStatements("postgres", { name: "sessions" })) {
      await client.query(lines.join("\n"));
    }
    await client.query(FILL, [sessions]);
    await client.query("VACUUM ANALYZE sessions");
    await client.end();
    return new PostgresData(server, admin);
  }

  async copy(): Promise<Sessions> {
    const name = `copy_${++this.#databases}`;
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE filled STRATEGY FILE_COPY`);
    const url = urlOf(this.#server, name);
    const client = await connected(url);
    await client.query("SELECT count(data) FROM sessions"); // reads all from the disk, so that no run has an advantage
    await client.query("CHECKPOINT");
    return {
      url,
      client,
      [Symbol.asyncDispose]: async () => {
        await client.end();
        await this.#admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin.end();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** Every other session has expired, the first one too. The users are called 1, 2, and so on. */
const FILL = `INSERT INTO sessions
    (session_id, data, created_at, updated_at, expires_at, user_id)
  SELECT md5(i::text), convert_to('{"email":"user' || i || '@example.com","cart":"' ||
      repeat('x', 150) || '"}', 'UTF8'),
    now() - random() * interval '2 days', now(),
    now() + (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END) * (1 + random()) * interval '1 day',
    1 + i % ($1::bigint / ${SESSIONS_PER_USER})
  FROM generate_series(1, $1::bigint) i`;

/** How many of the sessions have expired. */
export function expiredOf(sessions: number): number {
  return Math.ceil(sessions / 2);
}

export async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

function urlOf({ url }: PostgresServer, database: string): string {
  const found = new URL(url);
  found.pathname = `/${database}`;
  return found.href;
}
