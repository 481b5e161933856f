/** What would change other tables if a row of a PostgreSQL table is removed. */
import { OperationError } from "../../core/errors.ts";
import { printable } from "../../core/text.ts";
import { errorCode, valueIn } from "../sql/errors.ts";
import { checkReferences, type Reference } from "../sql/foreign_keys.ts";
import { type PostgresSession, READING } from "./session.ts";

/** The actions of a foreign key that change the rows that refer, by their letter in pg_constraint. */
const ACTIONS = new Map([["c", "CASCADE"], ["n", "SET NULL"], ["d", "SET DEFAULT"]]);

/** The table and its partitions: a DELETE also concerns what refers to a partition. */
export const tree = (oid: string) =>
  `WITH RECURSIVE tree AS (SELECT ${oid}::oid AS oid UNION ALL SELECT c.oid FROM tree ` +
  "JOIN pg_inherits i ON i.inhparent = tree.oid JOIN pg_class c ON c.oid = i.inhrelid " +
  "WHERE c.relispartition)";

/**
 * Whether a row may take other rows of the table along, by a foreign key or a trigger (bit 8 of
 * tgtype: on DELETE). The server does not count those.
 */
export async function isSelfCascading(session: PostgresSession, oid: string): Promise<boolean> {
  const { rows: [found] } = await session.run(
    `${tree(oid)} SELECT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' ` +
      "AND f.confdeltype = 'c' AND f.confrelid IN (SELECT oid FROM tree) " +
      "AND f.conrelid IN (SELECT oid FROM tree)) OR EXISTS (SELECT 1 FROM pg_trigger t " +
      "WHERE t.tgrelid IN (SELECT oid FROM tree) AND NOT t.tgisinternal AND t.tgenabled <> 'D' " +
      "AND t.tgtype::int & 8 = 8) AS cascades",
  );
  return found?.["cascades"] === true;
}

/**
 * A rule may replace a DELETE with something else, or add something, even in another table.
 * @throws {OperationError} if there is such a rule.
 */
export async function checkRules(session: PostgresSession, oid: string): Promise<void> {
  const { target } = session;
  const { rows: [found] } = await session.run(
    "SELECT min(rulename::text) AS rule FROM pg_rewrite " +
      `WHERE ev_class = ${oid} AND ev_type = '4' AND ev_enabled <> 'D'`,
  );
  const rule = valueIn(found, "rule");
  if (rule === null) return;
  throw new OperationError(
    `The rule ${printable(String(rule))} changes what a DELETE does ` +
      `(${target.address}, table ${printable(target.tableText)})`,
    { hint: "Drop or disable that rule first, or use --truncate, which no rule changes" },
  );
}

/**
 * The rows of a foreign table are on another server.
 * @throws {OperationError} if a partition is one.
 */
export async function checkPartitions(session: PostgresSession, oid: string): Promise<void> {
  const { target } = session;
  const { rows: [found] } = await session.run(
    `${tree(oid)} SELECT min(c.oid::regclass::text) AS foreign FROM pg_class c ` +
      "WHERE c.relkind = 'f' AND c.oid IN (SELECT oid FROM tree)",
  );
  const foreign = valueIn(found, "foreign");
  if (foreign === null) return;
  throw new OperationError(
    `The partition ${printable(String(foreign))} is a foreign table, whose rows are on another ` +
      `server (${target.address}, table ${printable(target.tableText)})`,
    { hint: "Detach that partition, or clear the rows on that server" },
  );
}

/** @throws {OperationError} that names the first other table whose rows refer to sessions. */
export async function checkPostgresReferences(
  session: PostgresSession,
  oid: string,
  tick: () => void,
): Promise<void> {
  const references = await postgresReferences(session, oid);
  const query = async (sql: string) => (await session.run(sql, READING)).rows;
  await checkReferences(references, session.target, query, isDenied, tick);
}

/** The foreign keys from other tables. */
export async function postgresReferences(
  session: PostgresSession,
  oid: string,
): Promise<readonly Reference[]> {
  const { rows } = await session.run(
    `${tree(oid)} SELECT DISTINCT n.nspname || '.' || c.relname AS table, quote_ident(n.nspname) ` +
      "|| '.' || quote_ident(c.relname) AS quoted, f.confdeltype::text AS action, (SELECT string_agg(" +
      "quote_ident(a.attname) || ' IS NOT NULL', ' AND ') FROM pg_attribute a " +
      "WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)) AS refers " +
      "FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid " +
      "JOIN pg_namespace n ON n.oid = c.relnamespace " +
      "WHERE f.contype = 'f' AND f.confrelid IN (SELECT oid FROM tree) " +
      "AND f.conrelid NOT IN (SELECT oid FROM tree)",
  );
  return rows.map(({ table, quoted, refers, action }) => ({
    table: String(table),
    rows: `FROM ${quoted} WHERE ${refers}`,
    action: ACTIONS.get(String(action)),
  }));
}

/** Whether an error says that this user may not read a table. */
export function isDenied(error: unknown): boolean {
  return errorCode(error) === "42501";
}
