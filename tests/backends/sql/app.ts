/** What an app does with its table, in the SQL of each engine. */
import type { Engine } from "../../../src/backends/sql/ddl.ts";
import type { TestDatabase } from "../../support/servers/database.ts";
import { payloadOf, type SavedSession, type Selectable } from "../subject.ts";

const PAYLOAD = new TextEncoder().encode("payload");

/** SQL that differs between the engines. */
export const WORDS = {
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

/** @param shape The statements that have created another table than the default one of setup. */
export function app(
  engine: Engine,
  query: TestDatabase["query"],
  table: string,
  shape: string | undefined,
) {
  const { bytes, series, joined, now } = WORDS[engine];
  const columns = "(session_id, data, created_at, updated_at, expires_at)";
  const put = async (rows: string) => void await query(`INSERT INTO ${table} ${columns} ${rows}`);
  const times = `${now}, ${now}, '2100-01-01'`;
  let next = 0;
  const time = (milliseconds: number | null) => {
    if (milliseconds === null) return "NULL";
    const text = new Date(milliseconds).toISOString();
    return engine === "postgres" ? `'${text}'` : `'${text.replace("T", " ").replace("Z", "")}'`;
  };
  const userType = /user_id["`]? (\w+)/.exec(shape ?? "")?.[1];
  const row = (session: SavedSession, index: number) => {
    const { id, createdAt, visitedAt, expiresAt } = session;
    const data = bytes(new TextEncoder().encode(payloadOf(session)));
    const texts = userType === undefined ? [] : textsOf(session, userType, index % 3 === 0);
    const values = [`'${id}'`, data, ...[createdAt, visitedAt, expiresAt].map(time), ...texts];
    return `(${values.join(", ")})`;
  };
  const selectable: Selectable = {
    keepsExpired: true,
    keepsForever: shape !== undefined && !/KEY \(expires_at|expires_at\W.*NOT NULL/.test(shape),
    cases: shape === undefined ? 3 : 1,
    async save(sessions) {
      for (let begin = 0; begin < sessions.length; begin += 1000) {
        const rows = sessions.slice(begin, begin + 1000).map(row);
        const all = userType === undefined
          ? columns
          : columns.replace(")", ", user_id, ip, user_agent)");
        await query(`INSERT INTO ${table} ${all} VALUES ${rows.join(", ")}`);
      }
    },
    async ids() {
      const rows = await query(`SELECT session_id FROM ${table}`);
      return rows.map((found) => String(found["session_id"]));
    },
  };
  return {
    selectable,
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

/**
 * The values of the columns for user, address and agent.
 * @param isOld Whether an app saves the session that does not know the columns yet.
 */
function textsOf({ user, ip, userAgent }: SavedSession, userType: string, isOld: boolean) {
  if (isOld) return ["NULL", "NULL", "NULL"];
  const quoted = (text: string | null) => {
    return text === null ? "NULL" : `'${text.replaceAll("'", "''")}'`;
  };
  const isWhole = userType === "bigint";
  const nobody = isWhole ? "0" : "";
  const fits = !isWhole || /^\d+$/.test(user ?? nobody);
  return [quoted(fits ? user ?? nobody : null), quoted(ip), quoted(userAgent)];
}
