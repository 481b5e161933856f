/** Explains failures of a database: what is wrong, and what to do. */
import { AzuError, messageOf, OperationError } from "../../core/errors.ts";
import { redact, secretsOf } from "../../core/redact.ts";
import { printable } from "../../core/text.ts";
import { isRaised as isSignal, numberOf } from "../mysql/errors.ts";
import { isRaised } from "../sqlite/errors.ts";
import type { DatabaseTarget } from "./schema.ts";

/** A driver's error as a sentence about the (redacted) database; our own errors stay as they are. */
export function explainDatabaseError(
  error: unknown,
  target: DatabaseTarget,
  secrets: readonly string[] = [],
): AzuError {
  if (error instanceof AzuError) return error;
  const details = detailsOf(error);
  const known: Partial<Explanation> | undefined = refersToItself(error, target)
    ? OWN_REFERENCES
    : EXPLANATIONS.find(({ matches }) => matches.test(details));
  const hint = /^mysql:/i.test(target.url) ? known?.mysql ?? known?.hint : known?.hint;
  const problem = known?.problem ?? "The database reported an error";
  const safe = printable(redact(details, [...secretsOf(target.url), ...secrets]));
  return new OperationError(
    `${problem} (${target.address}, table ${printable(target.tableText)}: ${safe})`,
    { ...(hint === undefined ? {} : { hint }), cause: error },
  );
}

/** Whether a row stayed as another one of the same table refers to it. */
function refersToItself(error: unknown, { table: { schema, name } }: DatabaseTarget): boolean {
  if (!(error instanceof Error)) return false;
  if (numberOf(error) === 1451) {
    // Unless it is of another database, the server names the table alone.
    const own = /\.`([^`]+)`, CONSTRAINT .* REFERENCES `\1` \(/s.exec(error.message)?.[1];
    return own?.toLowerCase() === name.toLowerCase();
  }
  const isRefusal = "code" in error && error.code === "23503" && "table" in error &&
    "schema" in error;
  return isRefusal && error.table === name && error.schema === (schema ?? error.schema);
}

export function missingTable(target: DatabaseTarget, cause: unknown): OperationError {
  return new OperationError(
    `Table ${printable(target.tableText)} does not exist in ${target.address}`,
    {
      hint: "Run `azu db:migrate`, or `azu session:setup --backend database --apply`; " +
        "or correct session.backends.database.table",
      cause,
    },
  );
}

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
function detailsOf(error: unknown): string {
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

/** What the reader is told about a failure: how it begins, and what to do. */
interface Explanation {
  readonly matches: RegExp;
  readonly problem: string;
  readonly hint: string;
  /** For MySQL, where its words differ. */
  readonly mysql?: string;
}

/** Where it is the sessions' own table whose rows refer to sessions. */
const OWN_REFERENCES = {
  problem: "Sessions refer to each other",
  hint: "Have that foreign key say ON DELETE SET NULL, or empty its column; then run the command " +
    "again: it is safe to repeat",
} as const satisfies Partial<Explanation>;

/** By SQLSTATE, by MySQL's or the system's error code, or by what the driver says where it has neither. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    matches: /ECONNREFUSED|connect ENOENT|ENOENT.*(?:\.s\.PGSQL|sock)/,
    problem: "Cannot connect to the database: nothing listens there",
    hint: "Check that the server runs, and DATABASE_URL (or session.backends.database.url)",
  },
  {
    matches: /ENOTFOUND|EAI_AGAIN|failed to lookup|Name or service not known/i,
    problem: "Cannot connect to the database: the host name is unknown",
    hint: "Check the host in DATABASE_URL (or session.backends.database.url)",
  },
  {
    matches:
      /does not support SSL|server requires|no encryption|SSL off|NO_SSL_SUPPORT|SECURE_TRANSPORT/i,
    problem: "The database and the URL do not agree on encryption",
    hint: "Set sslmode in the URL: ?sslmode=require, ?sslmode=verify-full or ?sslmode=disable",
    mysql: "Set ssl-mode in the URL: ?ssl-mode=required, ?ssl-mode=verify-identity or " +
      "?ssl-mode=disabled",
  },
  {
    matches: /NotValidForName|not valid for name|ALTNAME|does not match certificate/i,
    problem: "The database's certificate is for another host",
    hint: "Name the host in the URL as its certificate does, or use sslmode=verify-ca",
    mysql: "Name the host in the URL as its certificate does, or use ssl-mode=verify-ca",
  },
  {
    matches: /certificate required|requires a valid client certificate|no client certificate/i,
    problem: "The database asks for a certificate of ours",
    hint: "Name it and its key in the URL with sslcert=<file> and sslkey=<file>",
    mysql: "Name it and its key in the URL with ssl-cert=<file> and ssl-key=<file>",
  },
  {
    matches: /UnknownIssuer|invalid peer certificate|self.signed|unable to verify|CERT_/i,
    problem: "The database's certificate is not trusted",
    hint: "Name its authority in the URL with sslrootcert=<file>, or use sslmode=require",
    mysql: "Name its authority in the URL with ssl-ca=<file>, or use ssl-mode=required",
  },
  {
    matches: /^(28P01|28000)|SASL|password must be a string|^ER_ACCESS_DENIED/,
    problem: "The database refused the user or password",
    hint: "Check the credentials in the URL; special characters must be percent-encoded",
  },
  {
    matches: /^3D000|^ER_BAD_DB/,
    problem: "The database in the URL does not exist on this server",
    hint: "Check the name behind the last / of the URL, or create the database",
  },
  {
    matches: /^3F000|unknown database/,
    problem: "The schema of the table does not exist",
    hint: "Create the schema, or change session.backends.database.table",
  },
  {
    matches: /^42501.*row-level security/,
    problem: "Row-level security hides rows of the table from this user",
    hint: "Connect as the table's owner or as a user with BYPASSRLS",
  },
  {
    matches: /^42501|^ER_\w*ACCESS_DENIED/,
    problem: "The database user may not do this",
    hint:
      "Grant SELECT and DELETE on the table (and TRUNCATE for --truncate) to this user, or use " +
      "another",
    mysql: "Grant SELECT and DELETE on the table to this user, or use another",
  },
  {
    matches: /^23503|^ER_ROW_IS_REFERENCED|^0A000.*(?:truncate|foreign key)/,
    problem: "Rows of another table refer to these sessions",
    hint: "Remove or detach those rows first: azu touches no other table",
  },
  {
    matches: /^53100|disk is full|^ER_(?:DISK|RECORD_FILE)_FULL/,
    problem: "The database's disk is full",
    hint: "Make room on it: removing rows needs some for the log; then run the command again, it " +
      "is safe to repeat",
  },
  {
    matches: /disk I\/O error/,
    problem: "The database's disk failed, or is full",
    hint:
      "Make room on it, or look into the system's log; then run the command again, it is safe " +
      "to repeat",
  },
  {
    matches: /^53300|^ER_CON_COUNT/,
    problem: "The database takes no more connections",
    hint: "Wait, or end others; then run the command again: it is safe to repeat",
  },
  {
    matches: /^42703|no such column|has no column|^ER_BAD_FIELD/,
    problem: "A table of that name exists, but it lacks a column that sessions need",
    hint: "Choose another table with session.backends.database.table, or migrate this one",
  },
  {
    matches: /^42P01 /,
    problem: "The table does not exist (any more)",
    hint: "Run `azu db:migrate`, or correct session.backends.database.table",
  },
  {
    matches: /^57014|ER_QUERY_(?:INTERRUPTED|TIMEOUT)|max_statement_time/,
    problem: "A statement was cancelled, or took too long",
    hint: "Somebody may have cancelled it; or the server is slow, or a trigger of the table is; " +
      "run the command again: it is safe to repeat",
  },
  {
    matches: /^(?:55P03|40P01|40001)|ER_LOCK_|database is locked|SQLITE_BUSY/,
    problem: "The database was busy for too long",
    hint: "Something else holds a lock on the table; run the command again: it is safe to repeat",
  },
  {
    matches: /timeout expired|ETIMEDOUT|Query read timeout/i,
    problem: "The database did not answer in time",
    hint: "Check the host and port, firewalls, and the server's load",
  },
  {
    matches:
      /Connection terminated|close_notify|ECONNRESET|EPIPE|not queryable|^57P0|^08|CONNECTION_LOST|closed state|SERVER_SHUTDOWN|CONNECTION_KILLED/,
    problem: "The connection to the database was lost",
    hint: "Check that the server is up, and run the command again: it is safe to repeat",
  },
  {
    matches: /The answer is not valid/,
    problem: "The database sent an answer that is not valid",
    hint: "Check the host and port, and what is between; sslmode=require in the URL protects the " +
      "connection",
    mysql: "Check the host and port, and what is between; ssl-mode=required in the URL protects " +
      "the connection",
  },
  {
    matches: /unable to open database file/,
    problem: "The database file cannot be opened",
    hint: "Check that its folder exists and that you may write there (on a read-only disk, a " +
      "database in WAL mode cannot be opened)",
  },
  {
    matches: /file is not a database|database disk image is malformed|malformed database schema/,
    problem: "The file is not a SQLite database, or is damaged",
    hint: "Check the path in DATABASE_URL (or session.backends.database.url)",
  },
  {
    matches: /readonly database|^25006|read.only option|ER_READ_ONLY|READ_ONLY_TRANSACTION/,
    problem: "The database is read-only",
    hint: "Use the primary, or make the file and its folder writable",
  },
];
