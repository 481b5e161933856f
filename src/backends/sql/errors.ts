/** A database's failures as sentences that quote no row and no credentials. */
import { AzuError, messageOf, OperationError } from "../../core/errors.ts";
import { isWithheld, WITHHELD } from "../../core/redact.ts";
import { printable } from "../../core/text.ts";
import type { DatabaseTarget } from "./backend.ts";

/** The server did not answer in time. Whether it has run the statement is not known. */
export class NoAnswer extends Error {
  constructor() {
    super("Query read timeout");
  }
}

/** The answer is for another statement. Whether the server has run this one is not known. */
export class UnexpectedAnswer extends Error {
  constructor() {
    super("Unexpected answer");
  }
}

/** A row of an answer, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** @throws {UnexpectedAnswer} if the row, or its column of that name, is missing. */
export function valueIn(row: Row | undefined, name: string): unknown {
  const value = row?.[name];
  if (value === undefined) throw new UnexpectedAnswer();
  return value;
}

/** @throws {UnexpectedAnswer} if the row has no whole number of that name. */
export function countIn(row: Row | undefined, name: string): number {
  const text = String(valueIn(row, name));
  if (!/^\d+$/.test(text)) throw new UnexpectedAnswer();
  return Number(text);
}

/**
 * The sum of a column over several rows.
 * @throws {UnexpectedAnswer} as {@linkcode countIn}.
 */
export function sumIn(rows: readonly Row[], name: string): number {
  return rows.reduce((sum, row) => sum + countIn(row, name), 0);
}

/** What an engine knows about the errors of its driver. */
export interface DriverErrors {
  /** The code of an error, and its message unless that can quote a row. */
  detailsOf(error: Error): string;
  /** Whether the server refused to remove a row because a row of the same table refers to it. */
  isSelfReference?(error: Error, target: DatabaseTarget): boolean;
}

/** What {@linkcode DriverErrors.detailsOf} returns after the code of an error. */
export const HIDDEN = "its text is not shown, as it may quote a row";

/** A driver's error as a sentence about the database. Errors of our own stay as they are. */
export function explainDatabaseError(
  error: unknown,
  target: DatabaseTarget,
  driver: DriverErrors,
): AzuError {
  if (error instanceof AzuError) return error;
  const details = detailsOf(error, driver);
  const isSelfReference = error instanceof Error && driver.isSelfReference?.(error, target);
  const known: Partial<Explanation> | undefined = isSelfReference
    ? SELF_REFERENCE
    : EXPLANATIONS.find(({ matches }) => matches.test(details));
  const hint = (target.engine === "postgres" ? undefined : known?.[target.engine]) ?? known?.hint;
  const problem = known?.problem ?? "The database reported an error";
  const code = errorCode(error);
  const safe = isWithheld(details, [target.password])
    ? [code, WITHHELD].filter(Boolean).join("; ")
    : printable(details);
  return new OperationError(
    `${problem} (${target.address}, table ${printable(target.tableText)}: ${safe})`,
    { ...(hint === undefined ? {} : { hint }), cause: error },
  );
}

function detailsOf(error: unknown, driver: DriverErrors): string {
  // From node:net, if the host has several addresses: one error for each.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? driver.detailsOf(error) : messageOf(error);
}

/** The code of an error before its message, unless the message contains it. */
export function withCode(error: Error): string {
  const code = errorCode(error);
  return error.message.includes(code) ? error.message : `${code} ${error.message}`;
}

/** The code that the driver or the system gave an error; an empty text if there is none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && error.code !== undefined
    ? String(error.code)
    : "";
}

export function missingTable(target: DatabaseTarget, cause?: unknown): OperationError {
  return new OperationError(
    `Table ${printable(target.tableText)} does not exist in ${target.address}`,
    {
      hint:
        "Create it with `azu session:setup --apply` and the same --env or --backend, or with the " +
        "framework's own `azu db:migrate`; or correct session.backends.database.table",
      cause,
    },
  );
}

/** @param kind What it is instead, for example `a view`. */
export function notATable(target: DatabaseTarget, kind = "a view"): OperationError {
  return new OperationError(
    `${printable(target.tableText)} is ${kind}, not a table (${target.address})`,
    { hint: "Name the table itself in session.backends.database.table, not a view of it" },
  );
}

/** What the reader is told about a failure: what happened, and what to do. */
interface Explanation {
  /** Matched against the details: SQLSTATEs, MySQL's or the system's codes, or texts of drivers. */
  readonly matches: RegExp;
  readonly problem: string;
  readonly hint: string;
  /** The hints for MySQL and SQLite, if they differ. */
  readonly mysql?: string;
  readonly sqlite?: string;
}

const SELF_REFERENCE = {
  problem: "Sessions refer to each other",
  hint:
    "Make the foreign key ON DELETE SET NULL, or set its column to NULL. Then run the command " +
    "again: it is safe to repeat",
} as const satisfies Partial<Explanation>;

/** The first one that matches counts. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    matches: /ECONNREFUSED|connect ENOENT/,
    problem: "Cannot connect to the database: nothing listens there",
    hint: "Check the server, and DATABASE_URL (or session.backends.database.url)",
  },
  {
    matches: /ENOTFOUND|EAI_AGAIN/,
    problem: "Cannot connect to the database: the host name is unknown",
    hint: "Check the host in DATABASE_URL (or session.backends.database.url)",
  },
  {
    matches: /EHOSTUNREACH|ENETUNREACH/,
    problem: "Cannot connect to the database: the host cannot be reached",
    hint: "Check the host in DATABASE_URL (or session.backends.database.url), and the network",
  },
  {
    matches: /does not support SSL|NO_SSL_SUPPORT/i,
    problem: "The database does not support TLS, which the URL requires",
    hint: "Enable TLS on the server; or, if the network is trusted, set ?sslmode=disable",
    mysql: "Enable TLS on the server; or, if the network is trusted, set ?ssl-mode=disabled",
  },
  {
    matches: /no encryption|SSL off|SSL required|SECURE_TRANSPORT/,
    problem: "The database accepts no connections without TLS from here",
    hint: "Set ?sslmode=require or ?sslmode=verify-full in the URL. If that is refused, too, the " +
      "server's pg_hba.conf lacks a line for this host, user and database",
    mysql: "Set ?ssl-mode=required or ?ssl-mode=verify-identity in the URL",
  },
  {
    matches: /pg_hba\.conf/,
    problem: "The database accepts no connections of this user from here",
    hint: "Add a line for this host, user and database to the server's pg_hba.conf, or use " +
      "another user",
  },
  {
    matches: /CaUsedAsEndEntity/,
    problem: "The database's certificate is that of an authority, not of a server",
    hint: "Issue one for the server that is not an authority (basicConstraints=CA:FALSE)",
  },
  {
    matches: /UnsupportedCertVersion/,
    problem: "The database's certificate has version 1, which does not name hosts",
    hint: "Issue one of version 3, with the host name as subjectAltName",
  },
  {
    matches: /NotValidForName|not valid for name|ALTNAME|does not match certificate/i,
    problem: "The database's certificate is for another host",
    hint: "Use the certificate's host name in the URL, or sslmode=verify-ca",
    mysql: "Use the certificate's host name in the URL, or ssl-mode=verify-ca",
  },
  {
    matches: /CertificateRequired|requires a valid client certificate/,
    problem: "The database requires a client certificate",
    hint: "Name the certificate and its key in the URL: sslcert=<file> and sslkey=<file>",
    mysql: "Name the certificate and its key in the URL: ssl-cert=<file> and ssl-key=<file>",
  },
  {
    matches: /certificate has expired|invalid peer certificate: Expired/,
    problem: "The database's certificate has expired",
    hint: "Renew it on the server; or, if the network is trusted, use sslmode=require without " +
      "sslrootcert",
    mysql: "Renew it on the server; or, if the network is trusted, use ssl-mode=required",
  },
  {
    matches: /UnknownIssuer|invalid peer certificate|self.signed|unable to verify|CERT_/i,
    problem: "The database's certificate is not trusted",
    hint: "Name the certificate authority in the URL: sslrootcert=<file>, or use sslmode=require",
    mysql: "Name the certificate authority in the URL: ssl-ca=<file>, or use ssl-mode=required",
  },
  {
    matches:
      /SASL.*client password must be|^(?:28P01|08P01) empty password|^ER_ACCESS_DENIED.*using password: NO/s,
    problem: "The database requires a password, and the URL has none",
    hint: "Add it to the URL, percent-encoded. azu reads no .pgpass",
    mysql: "Add it to the URL, percent-encoded",
  },
  {
    matches:
      /^(28P01|28000)|^08P01 .*(?:no such user|auth(?:entication)? failed)|SASL|^ER_ACCESS_DENIED/,
    problem: "The database refused the user or password",
    hint: "Check the credentials in the URL; special characters must be percent-encoded",
    mysql: "Check the credentials in the URL; special characters must be percent-encoded. The " +
      "account may also require TLS or a client certificate",
  },
  {
    matches: /^3D000|^08P01 .*no such database|^ER_BAD_DB/,
    problem: "The database does not exist on this server",
    hint: "Check the name after the last / of the URL, or create the database",
    mysql: "Check the name after the last / of the URL, and the one before the table's name, or " +
      "create the database",
  },
  {
    matches: /^08P01 .*no more connections allowed/,
    problem: "The pooler has reached its connection limit",
    hint: "Wait, close other connections, or connect to the server itself",
  },
  {
    matches: /^08P01 .*transaction blocks not allowed/,
    problem: "The pooler allows no transactions, which a clear needs (statement pooling)",
    hint: "Use a pool in transaction or session mode, or connect to the server itself",
  },
  {
    matches: /unknown plugin|AUTH_SWITCH_PLUGIN_ERROR/,
    problem: "The account logs in with a plugin that azu does not have",
    hint: "Use an account with caching_sha2_password or mysql_native_password",
  },
  {
    matches: /^3F000|unknown database/,
    problem: "The schema of the table does not exist",
    hint: "Create the schema, or change session.backends.database.table",
    sqlite: "SQLite has only the schema main: change session.backends.database.table",
  },
  {
    matches: /^42501.*row-level security/,
    problem: "Row-level security hides rows of the table from this user",
    hint:
      "Connect as a superuser or a user with BYPASSRLS. The table's owner is enough, unless the " +
      "table has FORCE ROW LEVEL SECURITY",
  },
  {
    matches: /^42501.*permission denied for schema/,
    problem: "The database user may not use the schema of the table",
    hint: "Grant this user USAGE on the schema, and SELECT and DELETE on the table; to create " +
      "the table, CREATE on the schema",
  },
  {
    matches: /^42501.*permission denied for database/,
    problem: "The database user may not connect to the database",
    hint: "Grant this user CONNECT on the database, or use another user",
  },
  {
    matches: /^42501.*must be owner/,
    problem: "The database user does not own the table, so it cannot change it",
    hint: "Run the command as the owner of the table",
  },
  {
    matches: /^55000.*replica identity/,
    problem: "The table is published without a replica identity, so no row can be removed",
    hint: "Give it one (ALTER TABLE … REPLICA IDENTITY FULL), or remove it from the publication",
  },
  {
    matches: /^ER_(?:INDEX_COLUMN_TOO_LONG|TOO_LONG_KEY)/,
    problem: "The database's row format allows no index on a session id of 255 characters",
    hint: "Set innodb_default_row_format = dynamic, or create the table with another character set",
  },
  {
    matches: /^42501|^ER_\w*ACCESS_DENIED/,
    problem: "The database user lacks a privilege",
    hint:
      "Grant SELECT and DELETE on the table (and TRUNCATE for --truncate) to this user, or use " +
      "another user",
    mysql: "Grant SELECT and DELETE on the table (and CREATE for --apply) to this user, or use " +
      "another user",
  },
  {
    matches: /^23503|^ER_ROW_IS_REFERENCED/,
    problem: "Rows of another table refer to these sessions",
    hint: "Remove or detach those rows first: azu touches no other table",
  },
  {
    matches: /^0A000.*foreign key/,
    problem: "Another table has a foreign key to the sessions, so they cannot be truncated",
    hint: "Run the command without --truncate",
  },
  {
    matches: /^53100|disk is full|^ER_(?:DISK|RECORD_FILE)_FULL/,
    problem: "The database's disk is full",
    hint: "Free some space: removing rows writes to the log. Then run the command again: it " +
      "is safe to repeat",
  },
  {
    matches: /disk I\/O error/,
    problem: "The database's disk failed, or is full",
    hint: "Free some space, or check the system's log. Then run the command again: it is safe " +
      "to repeat",
  },
  {
    matches: /^53300|^ER_CON_COUNT|^ER_USER_LIMIT_REACHED.*connections/,
    problem: "The database has reached its connection limit",
    hint: "Wait, or close other connections; then run the command again: it is safe to repeat",
  },
  {
    matches: /^42703|no such column|^ER_BAD_FIELD/,
    problem: "A table of that name exists, but it lacks a column that sessions need",
    hint: "Choose another table with session.backends.database.table, or migrate this one",
  },
  {
    matches: /^42P01 /,
    problem: "The table does not exist",
    hint: "Create it (`azu session:setup --apply` with the same --env or --backend), or correct " +
      "session.backends.database.table",
  },
  {
    matches: /^57014|^ER_QUERY_(?:INTERRUPTED|TIMEOUT)|^ER_STATEMENT_TIMEOUT/,
    problem: "A statement was cancelled, or took too long",
    hint:
      "Someone may have cancelled it, or the server or a trigger of the table is slow; run the " +
      "command again: it is safe to repeat",
  },
  {
    matches: /^(?:55P03|40P01|40001)|^ER_LOCK_|database is locked/,
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
      /Connection terminated|(?:read|write) (?:UNKNOWN|EBADF)|close_notify|ECONNRESET|EPIPE|not queryable|^57P0|^08|CONNECTION_LOST|closed state|SERVER_SHUTDOWN|CONNECTION_KILLED/,
    problem: "The connection to the database was lost",
    hint: "Check that the server is up, and run the command again: it is safe to repeat",
  },
  {
    matches: /^Unexpected answer/,
    problem: "The database sent an answer that does not fit the statement",
    hint:
      "Check what is between azu and the server, such as a proxy, or set sslmode=require in the URL",
    mysql:
      "Check what is between azu and the server, such as a proxy, or set ssl-mode=required in the URL",
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
    matches:
      /readonly database|^25006|ER_OPTION_PREVENTS_STATEMENT|ER_READ_ONLY|READ_ONLY_TRANSACTION/,
    problem: "The database is read-only",
    hint: "Use the URL of the primary, or check default_transaction_read_only",
    mysql: "Use the URL of the primary, or check the variables read_only and tx_read_only",
    sqlite: "Make the file and its folder writable. If the file was moved or replaced meanwhile, " +
      "run the command again: it is safe to repeat",
  },
];
