/** Writes single rows of a SQLite table, and says where it is. */
import { OperationError } from "../../core/errors.ts";
import type { Place } from "../contract.ts";
import {
  type Cell,
  type CellColumn,
  type Inserted,
  insertSql,
  type Update,
  type WritableRows,
} from "../sql/rows.ts";
import { isRowError } from "./errors.ts";
import { literal, readSqliteRows } from "./rows.ts";
import { type SqliteSession, whileLocked } from "./session.ts";
import { sqlitePath } from "./url.ts";

/** A statement has changed another number of rows than it should have. */
class Undone extends OperationError {}

export async function writableSqliteRows(
  session: SqliteSession,
  signal: AbortSignal,
): Promise<WritableRows> {
  const table = await readSqliteRows(session, signal);
  const { name, schema = "main" } = session.target.table;
  const indexes = await whileLocked(() => {
    return session.all(
      "SELECT min(i.name) AS name FROM pragma_index_list(?, ?) AS l, pragma_index_info(l.name, ?) " +
        'AS i WHERE l."unique" = 1 AND l.partial = 0 GROUP BY l.name HAVING count(*) = 1',
      name,
      schema,
      schema,
    );
  }, signal);
  const statementsOf = (inserted: Inserted | undefined, updates: readonly Update[]) => {
    if (inserted === undefined) return updates;
    const sql = insertSql({ ...table, literal: literalOf }, inserted);
    return [{ sql, rows: inserted.length }, ...updates];
  };
  return {
    ...table,
    unique: indexes.map((index) => String(index["name"])),
    async write(inserted, updates) {
      try {
        await session.transaction("IMMEDIATE", () => {
          for (const { sql, rows } of statementsOf(inserted, updates)) {
            if (session.run(sql) !== rows) throw new Undone("another row count");
          }
        });
        return true;
      } catch (error) {
        if (error instanceof Undone) return false;
        throw error;
      }
    },
    isAboutRow: isRowError,
    literal: literalOf,
  };
}

/** A time as the app's driver writes it. */
function literalOf(cell: Cell, { isTime }: CellColumn): string {
  if (cell === null) return "NULL";
  return literal(isTime ? String(cell).replace("T", " ").replace("Z", "") : cell);
}

/** The file, by whatever path it was reached. */
export async function sqlitePlace({ target }: SqliteSession): Promise<Place> {
  const path = sqlitePath(target.url, target.root);
  const { dev, ino } = await Deno.stat(path);
  const file = ino === null ? await Deno.realPath(path) : `${dev}/${ino}`;
  return { servers: [file], table: target.table.name.toLowerCase() };
}
