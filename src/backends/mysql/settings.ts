/** What a session of MySQL or MariaDB is set to, whatever its server's own settings are. */

/** Milliseconds that a statement gets; and one that reads all of a large table. */
export const [QUICK, READING] = [10_000, 100_000];

/** Seconds that a statement waits for rows, or for the table, that someone else has locked. */
const [ROW_LOCK, TABLE_LOCK] = [1, 2];

/**
 * The server's settings could change what a text or a quote means, wait for ever, keep what was
 * done in a transaction that is undone when we leave, cut answers short, or refuse large ones.
 * MySQL and MariaDB know all of these.
 */
export const SETTINGS = "SET " + [
  "sql_mode = 'STRICT_ALL_TABLES'",
  `innodb_lock_wait_timeout = ${ROW_LOCK}`,
  `lock_wait_timeout = ${TABLE_LOCK}`,
  "autocommit = 1",
  "completion_type = 'NO_CHAIN'",
  "sql_select_limit = 18446744073709551615",
  "sql_big_selects = 1",
  "sql_safe_updates = 0",
].map((setting) => `SESSION ${setting}`).join(", ");

interface Session {
  read(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  run(sql: string): Promise<void>;
}

/**
 * The settings that depend on the server. Without the locks between rows that MySQL takes by
 * default, nobody who writes a new session waits for a batch; but where the log holds statements,
 * the server needs them.
 * @returns whether it is MariaDB.
 */
export async function learn(session: Session): Promise<boolean> {
  const rows = await session.read(
    "SHOW VARIABLES WHERE Variable_name IN ('version', 'log_bin', 'binlog_format')",
  );
  const variables = new Map(rows.map((row) => [row["Variable_name"], String(row["Value"])]));
  const isMaria = /mariadb/i.test(variables.get("version") ?? "");
  const limit = isMaria
    ? `max_statement_time = ${QUICK / 1000}`
    : `max_execution_time = ${READING}`; // of what only reads
  await session.run(`SET SESSION ${limit}`);
  const logsStatements = variables.get("log_bin") === "ON" &&
    variables.get("binlog_format") === "STATEMENT";
  const level = logsStatements ? "REPEATABLE READ" : "READ COMMITTED";
  await session.run(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
  return isMaria;
}
