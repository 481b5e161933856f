/** Reads the whole of a SQLite table: counts, and other aggregates. */
import type { LookOptions } from "../contract.ts";
import { sleep } from "../pace.ts";
import { countIn } from "../sql/errors.ts";
import { asValue, fullName, inspectSqliteTable } from "./inspect_table.ts";
import { type Row, type SqliteSession, type Value, whileLocked } from "./session.ts";

/** Rows in a step. It takes some milliseconds if they are in memory. */
const STEP = 50_000;

/**
 * Reads in steps, because the driver blocks: signals are handled between them. A table whose key
 * has several columns is read in one step.
 * @param columns Aggregates; one of them is `count(*) AS found`.
 * @returns a row for each step.
 */
export async function aggregate(
  session: SqliteSession,
  signal: AbortSignal,
  onProgress: LookOptions["onProgress"],
  columns: readonly string[],
  selected = "1",
): Promise<readonly Row[]> {
  const from = fullName(session);
  const { key: [key, ...others] } = await whileLocked(() => inspectSqliteTable(session), signal);
  const read = (sql: string, values: readonly Value[] = []) => {
    return whileLocked(() => session.all(sql, ...values), signal);
  };
  if (key === undefined || others.length > 0) {
    return await read(`SELECT ${columns.join(", ")} FROM ${from} WHERE ${selected}`);
  }
  const selectStep = (condition: string) =>
    `SELECT ${columns.join(", ")}, max(step_key) AS last_key FROM ` +
    `(SELECT *, ${key} AS step_key FROM ${from} WHERE ${condition} ORDER BY ${key} LIMIT ${STEP})`;
  const steps: Row[] = [];
  let counted = 0;
  for (let last: Value = null;;) {
    const [step] = last === null
      ? await read(selectStep(selected))
      : await read(selectStep(`${selected} AND ${key} > ?`), [last]);
    const found = countIn(step, "found");
    if (step !== undefined) steps.push(step);
    if (found < STEP) return steps;
    counted += found;
    last = asValue(step?.["last_key"]);
    onProgress?.(counted);
    await sleep(0, signal);
  }
}
