/** What a failure of PostgreSQL, or on the way to it, means for the work. */
import { AzuError } from "../../core/errors.ts";
import type { Fault } from "../sql/retry.ts";

/** A batch that the server has given up, and undone, as it took longer than it gets. */
export class TooSlow extends Error {
  override name = "TooSlow";
}

/** The server, or the network, swallowed an answer. */
export class NoAnswer extends Error {
  constructor() {
    super("Query read timeout");
  }
}

/** The server has not noticed yet that a connection is gone, nor ended its transaction. */
export class Unsettled extends Error {
  constructor() {
    super("A transaction whose connection was lost is still in progress");
  }
}

/** SQLSTATEs of a server that goes away, comes up, or has no room for a connection now. */
const LOST = /^(?:57P0[1235]|53300|25P03|08...)$/;

/** Deadlock, serialization failure, lock timeout: the server has undone the batch. */
const BUSY = /^(?:40P01|40001|55P03)$/;

export function faultOf(error: unknown): Fault {
  if (error instanceof TooSlow) return "slow";
  if (error instanceof Unsettled) return "busy";
  if (error instanceof AzuError) return "final";
  const code = codeOf(error);
  if (BUSY.test(code)) return "busy";
  // What the server has not said, the driver or the system says of a connection or an answer:
  // what became of the statement is not known then.
  return isSqlState(code) && !LOST.test(code) ? "final" : "lost";
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code);
}
