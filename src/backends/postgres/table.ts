/** Creates the table of the sessions, and adds what one of an earlier version lacks. */
import { OperationError } from "../../core/errors.ts";
import type { TableShape } from "../sql/alter.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { columnsSql, createSql, quoteTable, quoteText } from "../sql/ddl.ts";
import { valueIn } from "../sql/errors.ts";
import { type PostgresSession, READING } from "./session.ts";

export async function createPostgresTable(
  session: PostgresSession,
): Promise<"created" | "present"> {
  const { table, recorded } = session.target;
  const configured = quoteText(quoteTable("postgres", table));
  return await session.transaction("BEGIN", READING, async (run) => {
    const { rows: [found] } = await run(
      "SELECT n.nspname AS schema, current_schema() AS first FROM (SELECT 1) AS one " +
        `LEFT JOIN pg_class c ON c.oid = to_regclass(${configured}) ` +
        "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace",
    );
    const present = valueIn(found, "schema");
    const schema = present ?? table.schema ?? valueIn(found, "first");
    if (schema === null) throw noSchema(session.target);
    const full = { ...table, schema: String(schema) };
    const missing = present === null ? createSql("postgres", full, recorded) : [];
    for (const sql of [...missing, columnsSql("postgres", full, recorded)]) await run(sql);
    return present === null ? "created" : "present";
  });
}

function noSchema({ address }: DatabaseTarget): OperationError {
  return new OperationError(`This user has no schema to create a table in (${address})`, {
    hint: 'Name a schema in session.backends.database.table: "<schema>.<table>"',
  });
}

/** @returns undefined if there is no such table. */
export async function postgresShape(session: PostgresSession): Promise<TableShape | undefined> {
  const configured = quoteText(quoteTable("postgres", session.target.table));
  const columns = await session.run(
    "SELECT n.nspname AS schema, c.relname AS table, a.attname AS name, t.typname AS type " +
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
      "JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid " +
      `WHERE c.oid = to_regclass(${configured}) AND c.relkind IN ('r', 'p') AND a.attnum > 0`,
  );
  const [first] = columns.rows;
  if (first === undefined) return undefined;
  const indexes = await session.run(
    "SELECT c.relname AS name, a.attname AS first, i.indisvalid AS usable FROM pg_index i " +
      "JOIN pg_class c ON c.oid = i.indexrelid " +
      "LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] " +
      `WHERE i.indrelid = to_regclass(${configured})`,
  );
  return {
    table: { schema: String(valueIn(first, "schema")), name: String(valueIn(first, "table")) },
    columns: columns.rows.map(({ name, type }) => ({ name: String(name), type: String(type) })),
    indexed: indexes.rows.filter(({ usable }) => usable).map(({ first }) => String(first)),
    unusable: indexes.rows.filter(({ usable }) => !usable).map(({ name }) => String(name)),
  };
}

/** What builds an index without keeping writers waiting must not be in a transaction. */
export async function changePostgresTable(
  session: PostgresSession,
  statements: readonly string[],
): Promise<void> {
  for (const sql of statements) {
    if (/ INDEX CONCURRENTLY /.test(sql)) await session.runAlone(sql);
    else await session.run(sql);
  }
}
