/** How long to retry after failures. */
import { AzuError, OperationError } from "../../core/errors.ts";
import { sleep } from "../pace.ts";
import { ErrorReply, ProtocolError } from "./connection.ts";

/** Milliseconds without progress: long enough for a server to restart. */
const SHORT = 10_000;

/** Milliseconds without progress: long enough for another server to take over. */
const LONG = 60_000;

/** Attempts at most. If the app keeps writing, every attempt makes progress. */
const MOST_ATTEMPTS = 1000;

/** Codes of error replies that may change on a retry. */
const PASSING = ["CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "MOVED", "ASK"];

/** Codes of error replies from a server that is busy, maybe for long. */
const BUSY = ["LOADING", "BUSY"];

/** Decides after each failed pass whether to try again. */
export class Patience {
  readonly #now: () => number;
  #attempts = 0;
  #since: number;
  #reason: unknown;

  /** @param now Milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  /**
   * Records a failure.
   * @param advanced Whether the attempt got further than the one before.
   * @param several Whether another server may take over.
   * @returns the reason to give up; undefined to try again.
   */
  endedBy(failure: unknown, advanced: boolean, several: boolean): unknown {
    this.#attempts++;
    if (advanced) {
      this.#since = this.#now();
      this.#reason = undefined;
    }
    // Report the lost connection rather than "connection refused" after it; but an error reply
    // says more than either.
    if (codeOf(failure) !== "" || codeOf(this.#reason) !== "") this.#reason = failure;
    this.#reason ??= failure;
    if (!mayPass(failure, several)) return failure;
    const limit = several || isBusy(failure) ? LONG : SHORT;
    const isOver = this.#now() - this.#since > limit || this.#attempts >= MOST_ATTEMPTS;
    return isOver ? this.#reason : undefined;
  }
}

/** Milliseconds between two attempts: at first, and while a server is busy. */
const FIRST_REST = 20;
const REST = 500;

/**
 * Repeats work while the server is loading its data or runs a script.
 * @throws any other failure at once, and this one after a minute.
 */
export async function whenFree(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (const end = performance.now() + LONG;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!isBusy(error) || performance.now() > end) throw error;
    }
    await sleep(REST, signal);
    signal.throwIfAborted();
  }
}

/**
 * Repeats work that only reads, as long as its failures may pass.
 * @param several Whether another server may take over.
 */
export async function patiently<T>(
  work: () => Promise<T>,
  several: boolean,
  signal: AbortSignal,
): Promise<T> {
  const patience = new Patience();
  for (let rest = FIRST_REST;; rest = Math.min(REST, 2 * rest)) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const reason = patience.endedBy(error, false, several);
      if (reason !== undefined) throw reason;
    }
    await sleep(rest, signal);
    signal.throwIfAborted();
  }
}

/** Whether the server is loading its data or runs a script. */
export function isBusy(failure: unknown): boolean {
  return BUSY.includes(codeOf(failure));
}

/** @param several Whether another server may take over. Then READONLY may pass, too. */
function mayPass(error: unknown, several: boolean): boolean {
  if (error instanceof AzuError) {
    if (!(error instanceof OperationError)) return false;
    return error.cause === undefined || mayPass(error.cause, several);
  }
  if (error instanceof ErrorReply) {
    if (/max number of clients/.test(error.message)) return true;
    return [...PASSING, ...BUSY].includes(error.code) || (several && error.code === "READONLY");
  }
  return error instanceof Error && !(error instanceof ProtocolError) &&
    !(error instanceof TypeError);
}

/** The code of the error reply behind an error; empty if there is none. */
function codeOf(error: unknown): string {
  if (error instanceof ErrorReply) return error.code;
  return error instanceof AzuError ? codeOf(error.cause) : "";
}
