/** The rows that a table of PostgreSQL contains at the start of a clear: see `sql/clear.ts`. */
import { printable } from "../../core/text.ts";
import type { ClearOptions } from "../contract.ts";
import { keysetWalk, type StartRows, type Walk } from "../sql/clear.ts";
import { PostgresBatches } from "./batches.ts";
import { countRows, estimate, highestMark, pagesOf } from "./count.ts";
import {
  checkPartitions,
  checkPostgresReferences,
  checkRules,
  isSelfCascading,
} from "./foreign_keys.ts";
import { ReadOnly } from "./errors.ts";
import type { PostgresSession } from "./session.ts";
import {
  checkIdentity,
  inspectPostgresTable,
  type PostgresTable,
  withinOf,
} from "./inspect_table.ts";
import {
  leftWalk,
  pageWalk,
  placesWalk,
  postgresKeyset,
  restWalk,
  type Target,
  truncateWalk,
} from "./walks.ts";

/**
 * Rows, and milliseconds, of a batch. Each commit waits for the disk, so large batches are faster.
 * They become smaller when another client is seen to wait. The first is small, in case rows are
 * large.
 */
export const PACE = { batch: 100_000, first: 2000, least: 10, maxLatency: 150 } as const;

/** The most rows to remove in one statement if there is no key to find them by. */
const REST = 1000;

/** Dead rows that need no advice: autovacuum will pass by. */
const FEW = 10_000;

/**
 * Rows up to the highest primary key at the start are the start's, if the key is one integer.
 * Otherwise, those up to the latest `created_at`. Without either, all rows that are found count as
 * the start's, because new rows cannot be told apart from rows that came back.
 * @param selected The condition of the rows that are meant; undefined for all rows.
 */
export async function postgresRows(
  session: PostgresSession,
  { truncate = false, skipLocked = false }: ClearOptions,
  tick: () => void,
  selected?: string,
): Promise<StartRows> {
  const table = await checkedTable(session, truncate, tick);
  const cascades = !truncate && await isSelfCascading(session, table.oid);
  let pages = 0;
  const { within, start } = await session.snapshot(async (read) => {
    pages = await pagesOf(read, table);
    const old = withinOf(table, await highestMark(read, table, pages));
    const within = selected === undefined ? old : `${selected} AND ${old}`;
    const start = table.paged && !truncate && !cascades
      ? await estimate(read, table, pages, selected)
      : { rows: (await countRows(read, table, within, pages, tick)).left, isExact: true };
    return { within, start };
  });
  const batches = new PostgresBatches(session, table, skipLocked);
  const target = { session, batches, from: table.from, within };
  return {
    start,
    cascades,
    isAwaited: () => batches.isAwaited,
    walk: (pass, rows) => {
      return truncate && pass === 1
        ? truncateWalk(target, table)
        : walk(target, table, pages, pass, rows);
    },
    close: (tick) => {
      return session.snapshot(async (read) => {
        await checkIdentity(read, session, table);
        pages = await pagesOf(read, table);
        return await countRows(read, table, within, pages, tick, selected);
      });
    },
    inDoubt: (rows) => truncate ? start.rows ?? 0 : batches.inDoubt(rows),
    relax: () => batches.relax(),
    adviceAfter(cleared, { left, arrived }) {
      if (truncate || cleared <= FEW || cleared < left + arrived) return undefined;
      return `The table ${printable(session.target.tableText)} still takes up the space of ` +
        `${cleared} removed row(s): autovacuum frees it for new rows in time, VACUUM does at once`;
    },
  };
}

/** @throws {AzuError} if it is known beforehand that a clear cannot remove all rows. */
export async function checkedTable(
  session: PostgresSession,
  truncate: boolean,
  tick: () => void,
): Promise<PostgresTable> {
  const table = await inspectPostgresTable(session);
  // TRUNCATE ignores rules. The server itself refuses it if there is a foreign key, even if no row
  // refers to a session.
  if (!truncate) {
    await checkRules(session, table.oid);
    await checkPartitions(session, table.oid);
    await checkPostgresReferences(session, table.oid, tick);
  }
  return table;
}

/**
 * A dry run of a clear. EXPLAIN checks the rights, and a publication's replica identity, and runs no
 * trigger.
 * @returns the names of the columns.
 */
export async function examinePostgres(
  session: PostgresSession,
  { truncate = false }: ClearOptions,
  tick: () => void,
): Promise<readonly string[]> {
  const table = await checkedTable(session, truncate, tick);
  await session.run(`EXPLAIN DELETE FROM ${table.from} WHERE ${table.isSame}`);
  const { rows: [found] } = await session.run("SHOW transaction_read_only");
  if (found?.["transaction_read_only"] === "on") throw new ReadOnly();
  return table.columns.map(({ name }) => name);
}

/** @param rows How many rows of the start there were at the last count. */
function walk(
  target: Target,
  { paged, keys: [key, ...others] }: PostgresTable,
  pages: number,
  pass: number,
  rows: number,
): Walk {
  const hasOneKey = key !== undefined && others.length === 0;
  if (paged && pass === 1) return pageWalk(target, pages, rows);
  if (pass > 1 && !hasOneKey && rows <= REST) return restWalk(target);
  if (paged) return leftWalk(target, pages, hasOneKey ? key : "ctid");
  if (key === undefined) return placesWalk(target);
  return keysetWalk(postgresKeyset(target, [key, ...others]));
}
