/** What an app does with its table, in the SQL of each engine. */
import type { Engine } from "../../../src/backends/sql/ddl.ts";
import type { TestDatabase } from "../../support/servers/database.ts";

const PAYLOAD = new TextEncoder().encode("payload");

/** SQL that differs between the engines. */
const WORDS = {
  postgres: {
    now: "clock_timestamp()",
    bytes: (payload: Uint8Array) => `'\\x${payload.toHex()}'`,
    series: (count: number) => `SELECT i FROM generate_series(1, ${count}) AS i`,
    joined: (number: string) => `'s' || ${number}`,
  },
  mysql: {
    now: "SYSDATE(6)",
    bytes: (payload: Uint8Array) => `X'${payload.toHex()}'`,
    series: (count: number) => `SELECT seq AS i FROM seq_1_to_${count}`,
    joined: (number: string) => `CONCAT('s', ${number})`,
  },
  sqlite: {
    now: "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    bytes: (payload: Uint8Array) => `X'${payload.toHex()}'`,
    series: (count: number) =>
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ` +
      "SELECT i FROM n",
    joined: (number: string) => `'s' || ${number}`,
  },
} as const satisfies Record<Engine, unknown>;

export function app(engine: Engine, query: TestDatabase["query"], table: string) {
  const { bytes, series, joined, now } = WORDS[engine];
  const columns = "(session_id, data, created_at, updated_at, expires_at)";
  const put = async (rows: string) => void await query(`INSERT INTO ${table} ${columns} ${rows}`);
  const times = `${now}, ${now}, '2100-01-01'`;
  let next = 0;
  return {
    async put(count: number) {
      if (count === 0) return;
      await put(`SELECT ${joined("i")}, ${bytes(PAYLOAD)}, ${times} FROM (${series(count)}) AS n`);
    },
    insert: (payload = PAYLOAD) => put(`VALUES ('new${next++}', ${bytes(payload)}, ${times})`),
    async update(from: number, upTo: number) {
      const names = Array.from({ length: upTo - from }, (_, index) => `'s${from + index}'`);
      // Longer than before, so that the row moves.
      const longer = bytes(new Uint8Array(200));
      await query(`UPDATE ${table} SET data = ${longer} WHERE session_id IN (${names.join(", ")})`);
    },
    async old() {
      const [row] = await query(`SELECT count(*) AS n FROM ${table} WHERE session_id LIKE 's%'`);
      return Number(row?.["n"]);
    },
    /** Odd ids, and sessions of a far past and a far future. */
    async putOdd() {
      const data = bytes(PAYLOAD);
      const ids = ["''", "' a'", "'%'", "'€'", `'${"i".repeat(255)}'`];
      for (const id of ids) await put(`VALUES (${id}, ${data}, ${times})`);
      await put(`VALUES ('old', ${data}, '1970-01-02', '1970-01-02', '1970-01-02')`);
      await put(`VALUES ('future', ${data}, '2300-01-01', '2300-01-01', '2300-01-01')`);
      return ids.length + 2;
    },
  };
}
