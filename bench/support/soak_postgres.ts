/** A PostgreSQL server for the soak test, with frequent autovacuum. */
// @ts-types="@types/pg"
import pg from "pg";
import { createStatements } from "../../src/backends/sql/ddl.ts";
import { startPostgres } from "../../tests/support/servers/postgres.ts";
import type { Azu } from "./azu.ts";
import type { SoakStore } from "./soak_store.ts";

const DATA = new Uint8Array(192);
const CREATE = `INSERT INTO sessions (session_id, data, created_at, updated_at, expires_at)
  SELECT unnest($1::text[]), $2, now(), now(), now() + interval '1 day'`;
const VISIT = "UPDATE sessions SET data = $2, updated_at = now() WHERE session_id = $1";

export async function soakPostgres(azu: Azu): Promise<SoakStore> {
  const server = await startPostgres({ args: ["-c", "autovacuum_naptime=5s"] });
  const pool = new pg.Pool({ connectionString: server.url, max: 4 });
  pool.on("error", () => {}); // the failed query reports it
  for (const lines of createStatements("postgres", { name: "sessions" })) {
    await pool.query(lines.join("\n"));
  }
  return {
    name: "PostgreSQL",
    create: async (id) => void await pool.query(CREATE, [[id], DATA]),
    createMany: async (ids) => void await pool.query(CREATE, [ids, DATA]),
    async visit(id) {
      const { rows } = await pool.query("SELECT data FROM sessions WHERE session_id = $1", [id]);
      if (rows.length > 0) await pool.query(VISIT, [id, DATA]);
    },
    async ids() {
      const { rows } = await pool.query("SELECT session_id FROM sessions");
      return rows.map((row) => String(row.session_id));
    },
    clear: () => azu.database(server.url),
    async [Symbol.asyncDispose]() {
      await pool.end();
      await server[Symbol.asyncDispose]();
    },
  };
}
