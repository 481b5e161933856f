/** The rows that a table of SQLite contains at the start of a clear: see `sql/clear.ts`. */
import type { ClearOptions } from "../contract.ts";
import { sleep } from "../pace.ts";
import { type Keyset, keysetWalk, type StartRows, tuple, type Walk } from "../sql/clear.ts";
import { type SqliteSession, type Value, whileLocked } from "./session.ts";
import {
  asValue,
  fullName,
  hasTriggers,
  inspectSqliteTable,
  keyIn,
  type SqliteTable,
} from "./inspect_table.ts";

/**
 * Rows, and milliseconds, of a batch. Nobody else can write meanwhile. But a batch rewrites
 * most pages of an index on random ids, so a clear in batches of 10,000 takes twice as long as in
 * batches of 40,000 (measured). A second is a fifth of what the app's driver waits. A process that
 * waits tries again every 100 ms at the latest (SQLite's busy handler), so a rest of 150 ms lets
 * it write.
 */
export const PACE = {
  batch: 40_000,
  first: 5000,
  least: 100,
  maxLatency: 1000,
  turn: 150,
} as const;

/**
 * Rows up to the highest row id at the start are the start's, because SQLite gives a new row an id
 * beyond the highest one. Once the highest rows are gone, ids begin anew, so the last rows are
 * removed in the same transaction as the count. `WITHOUT ROWID`, an integer key does the same, or
 * else the latest `created_at`. Without any, all rows that are found count as the start's.
 */
export async function sqliteRows(
  session: SqliteSession,
  { signal }: ClearOptions,
): Promise<StartRows> {
  const from = fullName(session);
  await whileLocked(() => session.enlargeCache(), signal);
  const { key, within, before, rows, cascades } = await session.transaction("DEFERRED", () => {
    const table = inspectSqliteTable(session);
    const marked = table.mark === undefined ? undefined : `max(${table.mark})`;
    const highest = marked && session.get(`SELECT ${marked} AS highest FROM ${from}`)?.["highest"];
    return {
      key: table.key,
      ...conditionsOf(table, asValue(highest)),
      rows: session.count(from),
      cascades: hasTriggers(session),
    };
  });
  const [sqlWithin, ...valuesWithin] = within;
  const [sqlBefore, ...valuesBefore] = before;
  const keyset: Keyset<readonly Value[]> = {
    from,
    within: sqlBefore,
    columns: key,
    selected: key.join(", "),
    written: (values) => tuple(values.map(() => "?")),
    async find(select, last = []) {
      await sleep(0, signal); // the driver blocks, so let signals in
      signal.throwIfAborted();
      return keyIn(session.get(select, ...valuesBefore, ...last));
    },
    // A trigger that fails may leave a part of a statement done (RAISE(FAIL)): undo it.
    remove: (where, last = [], upTo = []) =>
      session.transaction("IMMEDIATE", () => {
        const sql = `DELETE FROM ${from} WHERE ${where}`;
        return session.run(sql, ...valuesBefore, ...last, ...upTo);
      }),
  };
  /** What the walk has left, or all rows if there is no key to walk by. */
  const removeLast = () => {
    const some = `SELECT ${key.join(", ")} FROM ${from} WHERE ${sqlWithin} LIMIT ${PACE.batch}`;
    const where = key.length === 0 ? sqlWithin : `${tuple(key)} IN (${some})`;
    return session.run(`DELETE FROM ${from} WHERE ${where}`, ...valuesWithin);
  };
  return {
    start: { rows, isExact: true },
    cascades,
    walk: () => key.length === 0 ? NO_WALK : keysetWalk(keyset),
    close: () =>
      session.transaction("IMMEDIATE", () => {
        const removed = removeLast();
        const all = session.count(from);
        const left = all === 0 ? 0 : session.count(`${from} WHERE ${sqlWithin}`, ...valuesWithin);
        return { left, arrived: all - left, removed };
      }),
    inDoubt: () => 0,
  };
}

/** Without a key, one statement in `close` removes all rows. */
const NO_WALK: Walk = () => Promise.resolve({ removed: 0, isLast: true });

/** A condition in SQL, and the values of its parameters. */
type Condition = readonly [sql: string, ...values: Value[]];

/**
 * The rows of the start, and those of them that need not be removed last.
 * @param highest The highest mark of all rows; null if there is none.
 */
function conditionsOf(
  { mark, sparse }: SqliteTable,
  highest: Value,
): { within: Condition; before: Condition } {
  const alike = (...condition: Condition) => ({ within: condition, before: condition });
  if (mark === undefined) return alike("1");
  if (highest === null) return alike(sparse ? `${mark} IS NULL` : "0");
  if (sparse) return alike(`(${mark} <= ? OR ${mark} IS NULL)`, highest);
  return { within: [`${mark} <= ?`, highest], before: [`${mark} < ?`, highest] };
}
