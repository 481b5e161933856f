/** The rows that a table of MySQL contains at the start of a clear: see `sql/clear.ts`. */
import type { ClearOptions } from "../contract.ts";
import { type Keyset, keysetWalk, type StartRows, type Walk } from "../sql/clear.ts";
import { countIn, valueIn } from "../sql/errors.ts";
import { checkMysqlReferences } from "./foreign_keys.ts";
import { type MysqlSession, READING } from "./session.ts";
import { inspectMysqlTable, type Key, keyOf, withinOf, written } from "./inspect_table.ts";

/** Rows, and milliseconds, of a batch. Larger ones are not faster, and others wait (measured). */
export const PACE = { batch: 10_000, first: 1000, least: 10, maxLatency: 200 } as const;

/** The time limit of a batch in milliseconds. */
export const BATCH = 1000;

/** If even a single row is too slow for that, for example because of its triggers. */
export const SLOW_BATCH = 60_000;

/**
 * Rows up to the highest primary key at the start are the start's, if the key is one integer.
 * Otherwise, those up to the latest `created_at`. Without either, all rows that are found count as
 * the start's, because new rows cannot be told apart from rows that came back.
 */
export async function mysqlRows(
  session: MysqlSession,
  _: ClearOptions,
  tick: () => void,
): Promise<StartRows> {
  const { from, key, isWhole, mark, undoes } = await inspectMysqlTable(session);
  const cascades = await checkMysqlReferences(session, tick);
  let within = "TRUE";
  /** One statement, so one snapshot. */
  const count = async () => {
    const columns = `COUNT(*) AS \`all\`, COUNT(IF(${within}, 1, NULL)) AS \`left\``;
    const [row] = await session.read(`SELECT ${columns} FROM ${from}`, READING);
    const left = countIn(row, "left");
    return { left, arrived: countIn(row, "all") - left, removed: 0 };
  };
  const { left } = await session.snapshot(async () => {
    if (mark !== undefined) {
      tick();
      const [found] = await session.read(
        `SELECT MAX(${mark.sql}) AS highest FROM ${from}`,
        READING,
      );
      within = withinOf(mark, key, keyOf(valueIn(found, "highest")));
    }
    tick();
    return await count();
  });
  let limit = undoes ? BATCH : SLOW_BATCH; // if it is cut off, a part of it stays done
  const remove = (where: string) => session.batch(`DELETE FROM ${from} WHERE ${where}`, limit);
  const keyset: Keyset<Key> | undefined = key === undefined ? undefined : {
    from,
    within,
    columns: [key],
    selected: `${key} AS \`key\``,
    written: (value) => written(value, isWhole),
    find: async (select) => keyOf((await session.read(select))[0]?.["key"]),
    remove,
  };
  const anyRows: Walk = async (rows) => {
    const removed = await remove(`${within} LIMIT ${rows}`);
    return { removed, isLast: removed < rows };
  };
  return {
    start: { rows: left, isExact: true },
    undoes,
    cascades,
    walk: () => keyset === undefined ? anyRows : keysetWalk(keyset),
    close: (tick) => {
      tick();
      return count();
    },
    inDoubt: (rows) => rows, // the count at the end settles whether the server finished the batch
    relax: () => {
      limit = SLOW_BATCH;
    },
  };
}

/**
 * A dry run of a clear: a DELETE that can find no row. MySQL has no triggers for a whole statement.
 * @returns the names of the columns.
 */
export async function examineMysql(
  session: MysqlSession,
  _: ClearOptions,
  tick: () => void,
): Promise<readonly string[]> {
  const { from, columns } = await inspectMysqlTable(session);
  await checkMysqlReferences(session, tick);
  await session.batch(`DELETE FROM ${from} WHERE FALSE`, BATCH);
  return columns.map(({ name }) => name);
}
