/** What of a driver's error may be shown: what a server says only where it cannot quote a row. */
import { messageOf } from "../../core/errors.ts";
import { isRaised as isSignal, numberOf } from "../mysql/errors.ts";
import { isRaised } from "../sqlite/errors.ts";

/** Behind the code of an error. */
const HIDDEN = "its text is not shown, as it may quote a row";

/**
 * PostgreSQL's errors that are about connections, rights, locks, resources and the server itself.
 * Those about values quote them.
 */
const POSTGRES = /^(?:08|0A|25|28|3D|40|42501|53|55|57|58030|XX|F0)/;

/** Those about names: ours, where they stand in the statement; a rule can make one of a value. */
const NAMES = /^(?:3F|42)/;

/** The same of MySQL and MariaDB, where only single numbers can be told apart. */
const MYSQL: ReadonlySet<number> = new Set([
  ...[1040, 1042, 1043, 1129, 1130, 1203, 1226, 1251, 2006, 2013, 3159], // to connect
  ...[1152, 1153, 1158, 1159, 1160, 1161], // the way
  ...[1044, 1045, 1142, 1143, 1227, 1370, 1449, 1698, 1820, 1862, 3118, 4151], // rights
  ...[1046, 1049, 1051, 1054, 1146, 1305, 1442], // names
  ...[1036, 1290, 1792, 1836], // read-only
  ...[1020, 1047, 1099, 1100, 1205, 1206, 1213, 1223, 1317, 1969, 3024, 3572], // others, and time
  ...[3, 1021, 1026, 1030, 1034, 1037, 1038, 1041, 1114, 1194, 1195], // disk and memory
  ...[1053, 1077, 1079, 1927, 4031], // it goes away
  ...[1217, 1451], // rows that refer to others: the text names the constraint
  ...[1104, 1175, 1178, 1193, 1231, 1235, 1568, 1665, 1785], // how it is set up
]);

/** What SQLite says in words of its own, or with names of the schema. */
const SQLITE = new RegExp(
  "^(?:" + [
    "no such (?:table|column|function|index|module|collation sequence)",
    "table \\S+ has no column",
    "database (?:table |schema )?is locked",
    "database schema has changed",
    "database disk image is malformed",
    "malformed database schema",
    "database or disk is full",
    "disk I/O error",
    "file is not a database",
    "unable to open database file",
    "attempt to write a readonly database",
    "(?:access permission denied|authorization denied|not authorized)",
    "(?:out of memory|interrupted|locking protocol)",
    "(?:UNIQUE|NOT NULL|FOREIGN KEY) constraint failed",
    "cannot (?:start a transaction|commit|rollback)",
    "failed to prepare statement",
  ].join("|") + ")",
);

/** The code of an error, and its message where that cannot quote a row; never a driver's `detail`. */
export function detailsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  const message = messageOf(error);
  if (!(error instanceof Error)) return message;
  const code = "code" in error && error.code !== undefined ? String(error.code) : "";
  const full = message.includes(code) ? message : `${code} ${message}`;
  if ("sqlMessage" in error) return ofMysql(error, code, full);
  if ("severity" in error) return ofPostgres(error, code, full);
  return code === "ERR_SQLITE_ERROR" ? ofSqlite(error, message, full) : full;
}

/** What the database's own code raises has a `where`, but so may anything. */
function ofPostgres(error: Error, code: string, full: string): string {
  const has = (field: string) => typeof Reflect.get(error, field) === "string";
  const isTold = POSTGRES.test(code) || NAMES.test(code) && has("position");
  return isTold && !has("where") ? full : `${code || "an error"}; ${HIDDEN}`;
}

/** What a trigger raises may have any number: that says nothing then. */
function ofMysql(error: Error, code: string, full: string): string {
  const number = numberOf(error);
  if (MYSQL.has(number) && !isSignal(error)) return full;
  return `${isSignal(error) ? "SQLSTATE 45000" : code || "error"} (${number}); ${HIDDEN}`;
}

function ofSqlite(error: Error, message: string, full: string): string {
  const number = "errcode" in error ? Number(error.errcode) : undefined;
  if (SQLITE.test(message) && !isRaised(error)) return full;
  return `ERR_SQLITE_ERROR${number === undefined ? "" : ` (${number})`}; ${HIDDEN}`;
}
