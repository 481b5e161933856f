/** What PostgreSQL knows about a table without reading it. */
import { roughly } from "../../core/duration.ts";
import { countIn, valueIn } from "../sql/errors.ts";
import type { TableState } from "../sql/store.ts";
import { about, exactly, type Figure } from "../survey.ts";
import { inspectPostgresTable } from "./inspect_table.ts";
import type { PostgresSession } from "./session.ts";

/** If there are more dead rows than this, and more than live ones, that is worth a warning. */
const MANY_DEAD = 10_000;

/** Pages, usually of 8 KiB, that a quick survey reads: about 4 MiB. */
const FEW_PAGES = 500;

export async function postgresState(
  session: PostgresSession,
  isQuick: boolean,
): Promise<TableState> {
  const { oid, from } = await inspectPostgresTable(session);
  // The rows of a partitioned table are in its partitions.
  const { rows: [row] } = await session.run(
    "SELECT coalesce(sum(pg_table_size(c.oid)), 0)::text AS bytes, " +
      "coalesce(sum(pg_relation_size(c.oid)), 0)::text AS main_bytes, " +
      "coalesce(sum(pg_indexes_size(c.oid)), 0)::text AS index_bytes, " +
      "coalesce(sum(s.n_live_tup), 0)::text AS live, " +
      "coalesce(sum(s.n_dead_tup), 0)::text AS dead, " +
      "extract(epoch FROM now() - max(greatest(s.last_vacuum, s.last_autovacuum)))::text " +
      "AS vacuumed, current_setting('block_size') AS page_size " +
      "FROM pg_class c LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid WHERE c.oid IN " +
      `(WITH RECURSIVE part AS (SELECT ${oid}::oid AS oid UNION ALL SELECT i.inhrelid ` +
      "FROM pg_inherits i JOIN part ON i.inhparent = part.oid JOIN pg_class p " +
      "ON p.oid = i.inhrelid AND p.relispartition) SELECT oid FROM part)",
  );
  const dead = countIn(row, "dead");
  const vacuumed = valueIn(row, "vacuumed");
  const isBloated = dead > MANY_DEAD && dead > countIn(row, "live");
  const pages = countIn(row, "main_bytes") / countIn(row, "page_size");
  return {
    figures: {
      bytes: exactly(countIn(row, "bytes")),
      indexBytes: exactly(countIn(row, "index_bytes")),
      deadRows: about(dead),
      ...(isQuick ? { sessions: await rowsAbout(session, from, pages) } : {}),
    },
    properties: {
      vacuum: vacuumed === null ? "never" : `${roughly(Number(vacuumed) * 1000)} ago`,
    },
    warnings: isBloated
      ? [
        `The table has more dead rows (about ${dead}) than live ones: VACUUM lets it use their space`,
      ]
      : [],
  };
}

/** Counts the rows of some pages. The planner's estimate is wrong if nobody has run ANALYZE. */
async function rowsAbout(session: PostgresSession, from: string, pages: number): Promise<Figure> {
  const isWhole = pages <= FEW_PAGES;
  const percent = 100 * FEW_PAGES / Math.max(1, pages);
  const sample = isWhole ? "" : ` TABLESAMPLE SYSTEM (${percent})`;
  const { rows: [row] } = await session.run(`SELECT count(*) AS found FROM ${from}${sample}`);
  const found = countIn(row, "found");
  return isWhole ? exactly(found) : about(found * 100 / percent);
}
