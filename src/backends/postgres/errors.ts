/** What an error of PostgreSQL, or of the connection to it, means. */
import { AzuError, messageOf } from "../../core/errors.ts";
import type { DatabaseTarget } from "../sql/backend.ts";
import { errorCode, explainDatabaseError, HIDDEN, withCode } from "../sql/errors.ts";
import type { Fault } from "../sql/retry.ts";

/** The server cancelled a batch, and undid it, because it took longer than its limit. */
export class TooSlow extends Error {
  override name = "TooSlow";
}

/** The server is a standby, or its default is to read only. The code is the server's own. */
export class ReadOnly extends Error {
  readonly code = "25006";

  constructor() {
    super("cannot execute DELETE in a read-only transaction");
  }
}

/** The server has not noticed yet that a connection is gone, and still runs its transaction. */
export class Unsettled extends Error {
  constructor() {
    super("A transaction whose connection was lost is still in progress");
  }
}

/** SQLSTATEs of a server that shuts down, starts, or has no free connection. */
const LOST = /^(?:57P0[1235]|53300|25P03|08...)$/;

/** What PgBouncer says with the code of a protocol violation: trying again does not help soon. */
const FROM_POOLER =
  /no such (?:database|user)|auth(?:entication)? failed|empty password|SSL required|bouncer config error|no more connections allowed|transaction blocks not allowed/;

/** Deadlock, serialization failure, lock timeout: the server has undone the batch. */
const BUSY = /^(?:40P01|40001|55P03)$/;

export function postgresFault(error: unknown): Fault {
  if (error instanceof TooSlow) return "slow";
  if (error instanceof Unsettled) return "busy";
  if (error instanceof AzuError) return "final";
  const code = errorCode(error);
  if (BUSY.test(code)) return "busy";
  if (code === "08P01" && FROM_POOLER.test(messageOf(error))) return "final";
  // Any other error without a SQLSTATE comes from the driver or the system, and is about the
  // connection or an answer. Whether the server has run the statement is not known then.
  return isSqlState(code) && !LOST.test(code) ? "final" : "lost";
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code); // not EPIPE
}

export function explainPostgresError(error: unknown, target: DatabaseTarget): AzuError {
  const cause = error instanceof TooSlow ? error.cause : error;
  return explainDatabaseError(cause, target, { detailsOf, isSelfReference });
}

/** Errors about connections, rights, locks, resources and the server itself: they quote no value. */
const QUOTES_NOTHING = /^(?:08|0A|25|28|3D|40|42501|53|55|57|58030|XX|F0)/;

/** Errors about names in our statement, if they have a position in it. Else they can quote values. */
const ABOUT_NAMES = /^(?:3F|42)/;

function detailsOf(error: Error): string {
  if (!("severity" in error)) return withCode(error); // not from the server
  const has = (field: string) => typeof Reflect.get(error, field) === "string";
  const code = errorCode(error);
  // Only while connecting, it is about the database in the URL.
  if (code === "3D000" && error.severity !== "FATAL") return `an error; ${HIDDEN}`;
  const quotesNothing = QUOTES_NOTHING.test(code) || ABOUT_NAMES.test(code) && has("position");
  // With a `where`, it may be raised by a function of the database, and say anything.
  return quotesNothing && !has("where") ? withCode(error) : `${code || "an error"}; ${HIDDEN}`;
}

function isSelfReference(error: Error, { table: { schema, name } }: DatabaseTarget): boolean {
  const isRefusal = errorCode(error) === "23503" && "table" in error && "schema" in error;
  return isRefusal && error.table === name && error.schema === (schema ?? error.schema);
}
