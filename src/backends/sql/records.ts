/** A table of numbered records: the audit log in a database. */
import type { Records } from "../contract.ts";
import type { DatabaseTarget } from "./backend.ts";
import { type Engine, quoteTable } from "./ddl.ts";
import { countIn, type Row, valueIn } from "./errors.ts";
import type { SqlEngine, SqlSession } from "./store.ts";

/** Records in one SELECT. */
const AT_ONCE = 500;

/** @param target Its table is that of the records. */
export async function openRecords<Session extends SqlSession>(
  engine: SqlEngine<Session>,
  target: DatabaseTarget,
  signal: AbortSignal,
): Promise<Records> {
  const from = quoteTable(target.engine, target.table);
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw engine.explain(error, target);
    }
  };
  const session = await explained(() => engine.open(target, signal, "operate"));
  const query = (sql: string) => explained(() => engine.query(session, sql, signal));
  return {
    async create() {
      await query(createRecords(target.engine, from));
    },
    async last() {
      const [row] = await query(`SELECT record FROM ${from} ORDER BY number DESC LIMIT 1`);
      return row === undefined ? undefined : textIn(row);
    },
    async add(number, line) {
      const record = literal(target.engine, line);
      await query(`INSERT INTO ${from} (number, record) VALUES (${number}, ${record})`);
    },
    async *lines() {
      for (let number = 0;;) {
        const rows = await query(
          `SELECT number, record FROM ${from} WHERE number > ${number} ORDER BY number ` +
            `LIMIT ${AT_ONCE}`,
        );
        yield* rows.map(textIn);
        if (rows.length < AT_ONCE) return;
        number = countIn(rows.at(-1), "number");
      }
    },
    [Symbol.asyncDispose]: async () => await session[Symbol.asyncDispose](),
  };
}

function textIn(row: Row): string {
  return String(valueIn(row, "record"));
}

/** The key keeps two processes from writing a record with the same number. */
function createRecords(engine: Engine, from: string): string {
  const text = engine === "mysql" ? "LONGTEXT" : "TEXT";
  return `CREATE TABLE IF NOT EXISTS ${from} (number BIGINT NOT NULL PRIMARY KEY, ` +
    `record ${text} NOT NULL)`;
}

/** An ASCII text, whatever the server takes for an escape. */
function literal(engine: Engine, text: string): string {
  const hex = new TextEncoder().encode(text).toHex();
  switch (engine) {
    case "postgres":
      return `convert_from(decode('${hex}', 'hex'), 'UTF8')`;
    case "mysql":
      return `CONVERT(X'${hex}' USING ascii)`;
    case "sqlite":
      return `CAST(X'${hex}' AS TEXT)`;
  }
}
