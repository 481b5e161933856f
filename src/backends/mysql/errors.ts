/** What an error of MySQL or MariaDB, or of the connection to it, means. */
import { AzuError } from "../../core/errors.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { errorCode, explainDatabaseError, HIDDEN, missingTable, withCode } from "../sql/errors.ts";
import type { Fault } from "../sql/retry.ts";

/** The server cancelled a statement that reads the whole table: a smaller batch does not help. */
export class TooLong extends Error {
  constructor(cause: unknown) {
    super("Reading took too long", { cause });
  }
}

/** Lock wait timeout, deadlock, a snapshot that is too old, a cluster node that is not ready. */
const BUSY = [1205, 1213, 1020, 1047];

/** A statement that took longer than its limit, in MariaDB and in MySQL. */
const SLOW = [1969, 3024];

/** A server that shuts down, has no free connection, or ended ours. */
const LOST = [1040, 1053, 1927, 2006, 2013, 4031];

export function mysqlFault(error: unknown): Fault {
  if (error instanceof AzuError) return "final";
  if (isSignalled(error) || error instanceof TooLong) return "final";
  const number = isFromServer(error) ? errorNumber(error) : 0;
  if (BUSY.includes(number)) return "busy";
  if (SLOW.includes(number)) return "slow";
  // Any other error comes from the driver or the system, and is about the connection or an answer.
  // Whether the server has run the statement is not known then.
  return number === 0 || LOST.includes(number) ? "lost" : "final";
}

/** A garbled answer may look like an error, but has no SQLSTATE. */
function isFromServer(error: unknown): boolean {
  return error instanceof Error && "sqlState" in error &&
    /^[0-9A-Z]{5}$/.test(String(error.sqlState));
}

/** Whether a trigger's SIGNAL raised it. Then its number can be any. */
function isSignalled(error: unknown): boolean {
  return error instanceof Error && "sqlState" in error && error.sqlState === "45000";
}

/** The server's number of an error; 0 if there is none. */
export function errorNumber(error: unknown): number {
  return error instanceof Error && "errno" in error ? Number(error.errno) || 0 : 0;
}

export function explainMysqlError(error: unknown, target: DatabaseTarget): AzuError {
  // A table that a trigger needs may be missing, too.
  const ours = `.${target.table.name}'`.toLowerCase();
  const isMissing = errorNumber(error) === 1146 && error instanceof Error &&
    error.message.toLowerCase().includes(ours);
  if (isMissing) return missingTable(target, error);
  const cause = error instanceof TooLong ? error.cause : error;
  return explainDatabaseError(cause, target, { detailsOf, isSelfReference });
}

/** Errors that quote no value. */
const QUOTES_NOTHING: ReadonlySet<number> = new Set([
  ...[1040, 1042, 1043, 1129, 1130, 1203, 1226, 1251, 2006, 2013, 3159], // connecting
  ...[1152, 1153, 1158, 1159, 1160, 1161], // the network
  ...[1044, 1045, 1142, 1143, 1227, 1370, 1449, 1698, 1820, 1862, 3118, 4151], // privileges
  ...[1046, 1049, 1051, 1054, 1146, 1305, 1442], // names
  ...[1036, 1290, 1792, 1836], // read-only
  ...[1020, 1047, 1099, 1100, 1205, 1206, 1213, 1223, 1317, 1969, 3024, 3572], // locks and timeouts
  ...[3, 1021, 1026, 1030, 1034, 1037, 1038, 1041, 1114, 1194, 1195], // disk and memory
  ...[1053, 1077, 1079, 1927, 4031], // shutdown
  ...[1005, 1050, 1060, 1061, 1071, 1118, 1709], // creating a table
  ...[1217, 1451], // foreign keys: the text contains the constraint's name
  ...[1104, 1175, 1178, 1193, 1231, 1235, 1568, 1665, 1785], // settings
]);

/** Errors of MariaDB that the driver has no name for. */
const UNNAMED: Readonly<Record<number, string>> = {
  1927: "ER_CONNECTION_KILLED",
  1969: "ER_STATEMENT_TIMEOUT",
};

/** Errors of a statement that may run triggers. */
const fromBatches = new WeakSet<Error>();

/** Marks an error: a trigger's SIGNAL can give it any number, and a text that quotes rows. */
export function fromBatch(error: unknown): unknown {
  if (error instanceof Error && "sqlMessage" in error) fromBatches.add(error);
  return error;
}

function detailsOf(error: Error): string {
  // Not from the server. The driver advises to write a plugin for it, or to set its own options.
  if (!("sqlMessage" in error)) {
    return withCode(error).replace(/\. (?:See TODO:|To enable it, set the).*$/s, "");
  }
  const number = errorNumber(error);
  if (isSignalled(error)) return `SQLSTATE 45000 (${number}); ${HIDDEN}`;
  const name = errorCode(error) || UNNAMED[number] || "error";
  if (QUOTES_NOTHING.has(number) && !fromBatches.has(error)) return `${name} ${error.message}`;
  return `${name} (${number}); ${HIDDEN}`;
}

function isSelfReference(error: Error, { table: { name } }: DatabaseTarget): boolean {
  if (errorNumber(error) !== 1451) return false;
  // Unless it is in another database, the server names the referenced table without a database.
  const own = /\.`([^`]+)`, CONSTRAINT .* REFERENCES `\1` \(/s.exec(error.message)?.[1];
  return own?.toLowerCase() === name.toLowerCase();
}
