/** How long to go on trying when something is in the way. */
import { AzuError, OperationError } from "../../core/errors.ts";
import { sleep } from "../pace.ts";
import { ProtocolError, RespError } from "./resp/protocol.ts";

/** Milliseconds without getting further: for a server that restarts, and for one to take over. */
const [SHORT, LONG] = [10_000, 60_000];

/** Attempts at the most: an app that writes makes each of them find something. */
const MOST_ATTEMPTS = 1000;

/** Codes of answers that another server, or the same one later, may give otherwise. */
const PASSING = ["CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "MOVED", "ASK"];

/** Of a server that is at work on something else, which may take long. */
const BUSY = ["LOADING", "BUSY"];

export class Patience {
  readonly #now: () => number;
  #attempts = 0;
  #since: number;
  #reason: unknown;

  /** @param now Milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    [this.#now, this.#since] = [now, now()];
  }

  /**
   * Told of each failure, and whether the attempt got further than the one before.
   * @param several Whether another server may take over.
   * @returns why to give up; undefined while trying again may help.
   */
  endedBy(failure: unknown, advanced: boolean, several: boolean): unknown {
    this.#attempts++;
    if (advanced) [this.#since, this.#reason] = [this.#now(), undefined];
    // What follows a lost connection says less than that it was lost, but for a server's answer.
    if (codeOf(failure) !== "" || codeOf(this.#reason) !== "") this.#reason = failure;
    this.#reason ??= failure;
    if (!mayPass(failure, several)) return failure;
    const limit = several || isBusy(failure) ? LONG : SHORT;
    const isOver = this.#now() - this.#since > limit || this.#attempts >= MOST_ATTEMPTS;
    return isOver ? this.#reason : undefined;
  }
}

/** Milliseconds between two looks whether a server has ended what it is at work on. */
const REST = 500;

/**
 * Does what a server keeps waiting that loads its data or runs a script, once it has ended that.
 * @throws what is in the way otherwise, at once; or that, when it takes too long.
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

/** Whether a server is at work on something else. */
export function isBusy(failure: unknown): boolean {
  return BUSY.includes(codeOf(failure));
}

/** @param several Whether another server may take over: then a replica is only one for a while. */
function mayPass(error: unknown, several: boolean): boolean {
  if (error instanceof AzuError) {
    if (!(error instanceof OperationError)) return false;
    return error.cause === undefined || mayPass(error.cause, several);
  }
  if (error instanceof RespError) {
    if (/max number of clients/.test(error.message)) return true;
    return [...PASSING, ...BUSY].includes(error.code) || (several && error.code === "READONLY");
  }
  return error instanceof Error && !(error instanceof ProtocolError) &&
    !(error instanceof TypeError);
}

/** The code of the server's answer that is behind an error; empty where there is none. */
function codeOf(error: unknown): string {
  if (error instanceof RespError) return error.code;
  return error instanceof AzuError ? codeOf(error.cause) : "";
}
