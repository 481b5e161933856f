/** What SQLite knows about a table without reading it, and about the file. */
import { quoteIdentifier } from "../sql/ddl.ts";
import type { TableState } from "../sql/store.ts";
import { about, exactly, type Figure } from "../survey.ts";
import { fullName, inspectSqliteTable } from "./inspect_table.ts";
import type { SqliteSession } from "./session.ts";

// deno-lint-ignore require-await -- the driver is synchronous, but its errors must reject
export async function sqliteState(session: SqliteSession, isQuick: boolean): Promise<TableState> {
  const schema = quoteIdentifier("sqlite", session.target.table.schema ?? "main");
  const pragma = (name: string) => {
    return Object.values(session.get(`PRAGMA ${schema}.${name}`) ?? {})[0];
  };
  const pageSize = Number(pragma("page_size"));
  return {
    figures: {
      bytes: exactly(Number(pragma("page_count")) * pageSize),
      freeBytes: exactly(Number(pragma("freelist_count")) * pageSize),
      ...(isQuick ? { sessions: rowsAbout(session) } : {}),
    },
    properties: { journal: String(pragma("journal_mode")) },
    warnings: [],
  };
}

/** Up to this many rows are counted, and any number of rows without one whole number as their key. */
const FEW = 100_000;

/** Row ids that are tried, to learn how many of them are taken. */
const PROBES = 2000;

function rowsAbout(session: SqliteSession): Figure {
  const from = fullName(session);
  const counted = session.count(`(SELECT 1 FROM ${from} LIMIT ${FEW + 1})`);
  if (counted <= FEW) return exactly(counted);
  const { key: [key = "rowid", ...others], mark } = inspectSqliteTable(session);
  if (key !== mark || others.length > 0) return exactly(session.count(from));
  const range = session.get(`SELECT min(${key}) AS low, max(${key}) AS high FROM ${from}`);
  const low = BigInt(String(range?.["low"]));
  const step = (BigInt(String(range?.["high"])) - low) / BigInt(PROBES) + 1n;
  const taken = session.get(
    "WITH RECURSIVE probe(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM probe " +
      `WHERE n < ${PROBES - 1}) SELECT count(*) AS found FROM probe WHERE EXISTS ` +
      `(SELECT 1 FROM ${from} WHERE ${key} = ${low} + n * ${step})`,
  );
  return about(Number(step) * Number(taken?.["found"]));
}
