/** Counts the rows of a SQLite table. */
import type { LookOptions } from "../contract.ts";
import { sleep } from "../pace.ts";
import { tuple } from "../sql/clear.ts";
import { type SqliteSession, type Value, whileLocked } from "./session.ts";
import { fullName, inspectSqliteTable, keyIn } from "./inspect_table.ts";

/** Rows in a step. It takes some milliseconds if they are in memory. */
const STEP = 50_000;

/** Counts in steps, because the driver blocks: signals are handled between them. */
export async function countRows(
  session: SqliteSession,
  signal: AbortSignal,
  onProgress: LookOptions["onProgress"],
  selected = "1",
): Promise<number> {
  const from = fullName(session);
  const { key } = await whileLocked(() => inspectSqliteTable(session), signal);
  const columns = key.join(", ");
  let last: readonly Value[] = [];
  for (let counted = 0;; counted += STEP) {
    const marks = tuple(last.map(() => "?"));
    const where = last.length === 0 ? selected : `${selected} AND ${tuple(key)} > ${marks}`;
    const rest = `${from} WHERE ${where}`;
    const step = `SELECT ${columns} FROM ${rest} ORDER BY ${columns} LIMIT 1 OFFSET ${STEP - 1}`;
    const upTo = key.length === 0
      ? undefined
      : await whileLocked(() => keyIn(session.get(step, ...last)), signal);
    if (upTo === undefined) {
      return counted + await whileLocked(() => session.count(rest, ...last), signal);
    }
    last = upTo;
    onProgress?.(counted + STEP);
    await sleep(0, signal);
  }
}
