/** What the reader is told about a failure: how it begins, and what to do. */
export interface Explanation {
  readonly matches: RegExp;
  readonly problem: string;
  readonly hint: string;
  /** For MySQL, where its words differ. */
  readonly mysql?: string;
}

/** Where it is the sessions' own table whose rows refer to sessions. */
export const OWN_REFERENCES = {
  problem: "Sessions refer to each other",
  hint: "Have that foreign key say ON DELETE SET NULL, or empty its column; then run the command " +
    "again: it is safe to repeat",
} as const satisfies Partial<Explanation>;

/** By SQLSTATE, by MySQL's or the system's error code, or by what the driver says where it has neither. */
export const EXPLANATIONS: readonly Explanation[] = [
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
    matches: /garbled on its way/,
    problem: "The database's answers do not arrive as they were sent",
    hint: "Look for what is between; with sslmode=require in the URL, nothing can change them",
    mysql: "Look for what is between; with ssl-mode=required in the URL, nothing can change them",
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
