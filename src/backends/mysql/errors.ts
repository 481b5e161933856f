/** What a failure of MySQL or MariaDB, or on the way to it, means for the work. */
import { AzuError } from "../../core/errors.ts";
import type { Fault } from "../sql/retry.ts";

/** The server, or the network, swallowed an answer. */
export class NoAnswer extends Error {
  constructor() {
    super("Query read timeout");
  }
}

/** A look at all of a table that the server has given up: no smaller batch makes it quicker. */
export class TooLong extends Error {
  constructor(cause: unknown) {
    super("Reading took too long", { cause });
  }
}

/** Lock wait timeout, deadlock, a snapshot that is too old, a cluster's node that is not ready. */
const BUSY = [1205, 1213, 1020, 1047];

/** A statement that took longer than it gets: MariaDB's number, and MySQL's. */
const SLOW = [1969, 3024];

/** A server that goes away, has no room for a connection now, or ended ours. */
const LOST = [1040, 1053, 1927, 2006, 2013, 4031];

export function faultOf(error: unknown): Fault {
  if (error instanceof AzuError) return "final";
  if (isRaised(error) || error instanceof TooLong) return "final";
  const number = isAnswer(error) ? numberOf(error) : 0;
  if (BUSY.includes(number)) return "busy";
  if (SLOW.includes(number)) return "slow";
  // What the server has not said, the driver or the system says of a connection or an answer:
  // what became of the statement is not known then.
  return number === 0 || LOST.includes(number) ? "lost" : "final";
}

/** An answer that was garbled may look like an error, but bears no SQLSTATE. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && "sqlState" in error &&
    /^[0-9A-Z]{5}$/.test(String(error.sqlState));
}

/** Whether a trigger's SIGNAL says so: it may give any number to that. */
export function isRaised(error: unknown): boolean {
  return error instanceof Error && "sqlState" in error && error.sqlState === "45000";
}

/** The server's number of an error; 0 where there is none. */
export function numberOf(error: unknown): number {
  return error instanceof Error && "errno" in error ? Number(error.errno) || 0 : 0;
}
