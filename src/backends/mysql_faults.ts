/** What a failure of MySQL or MariaDB, or on the way to it, means for the work. */
import { messageOf } from "../core/errors.ts";
import type { Fault } from "./sql_patience.ts";

/** The server, or the network, swallowed an answer. */
export class NoAnswer extends Error {
  constructor() {
    super("Query read timeout");
  }
}

/** Lock wait timeout, deadlock, a snapshot that is too old, a cluster's node that is not ready. */
const BUSY = [1205, 1213, 1020, 1047];

/** A statement that took longer than it gets: MariaDB's number, and MySQL's. */
const SLOW = [1969, 3024];

/** A server that goes away, has no room for a connection now, or ended ours. */
const LOST = [1040, 1053, 1927, 2006, 2013, 4031];

const BROKEN =
  /PROTOCOL_CONNECTION_LOST|PROTOCOL_UNEXPECTED|Query read timeout|timeout expired|closed state|close_notify|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT.*sock/i;

export function faultOf(error: unknown): Fault {
  const number = numberOf(error);
  if (BUSY.includes(number)) return "busy";
  if (SLOW.includes(number)) return "slow";
  if (LOST.includes(number)) return "lost";
  // The system's own numbers are negative: those say it in words.
  return number > 0 || !BROKEN.test(`${codeOf(error)} ${messageOf(error)}`) ? "final" : "lost";
}

/** The server's number of an error; 0 where there is none. */
export function numberOf(error: unknown): number {
  return error instanceof Error && "errno" in error ? Number(error.errno) || 0 : 0;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
