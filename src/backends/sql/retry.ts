/** Trying again, if that is safe and may help, for as long as an operator would wait. */
import { type Pace, sleep } from "../pace.ts";
import type { SqlSession } from "./store.ts";

/**
 * What a failure means for the work:
 * - `lost`: the connection is gone, and the answer with it. The server may have done the work.
 * - `busy`: other clients prevent it at the moment.
 * - `slow`: the batch was too large for its time limit.
 * - `final`: trying again does not help.
 *
 * After `busy` and `slow`, a server that can undo the batch has done so.
 */
export type Fault = "lost" | "busy" | "slow" | "final";

/** Milliseconds without progress until a clear gives up. */
const PATIENCE = 10_000;

/** Milliseconds before the first retry. Each further wait is twice as long, up to the longest. */
const FIRST_REST = 50;
const LONGEST_REST = 1600;

/**
 * Runs a step of a clear, again and again while that may help.
 * @param step Safe to repeat.
 * @param onFault Called after a failure, before the step is repeated or the error is thrown.
 * @throws the signal's reason; else the first failure, if it persists.
 */
export type Retry = <T>(step: () => Promise<T>, onFault?: (fault: Fault) => void) => Promise<T>;

/** @param pace Made slower by failures. */
export function retrying(
  session: SqlSession,
  faultOf: (error: unknown) => Fault,
  signal: AbortSignal,
  pace: Pace,
  onRetry: () => void = () => {},
): Retry {
  let isConnected = true;
  /** Whether the smallest batch was too slow once. */
  let wasTooSlow = false;
  /** The first failure since the last progress, and when it happened. */
  let failed: { readonly first: unknown; readonly at: number } | undefined;
  let rest = FIRST_REST;

  const makeSmaller = (error: unknown) => {
    if (pace.batch > 1) pace.shrink();
    else if (wasTooSlow) throw error;
    else wasTooSlow = true;
  };

  const waitAfter = async (error: unknown, fault: Fault) => {
    if (fault === "final") throw error;
    if (fault === "slow") return makeSmaller(error);
    // The loss of the connection says more than the failures to reconnect that follow.
    failed ??= { first: error, at: performance.now() };
    if (performance.now() - failed.at + rest > PATIENCE) throw failed.first;
    if (fault === "lost") isConnected = false;
    else pace.shrink();
    onRetry();
    await sleep(rest, signal);
    rest = Math.min(LONGEST_REST, rest * 2);
  };

  return async (step, onFault) => {
    for (;;) {
      signal.throwIfAborted();
      let hasBegun = false;
      try {
        if (!isConnected) await session.reconnect?.(signal);
        isConnected = true;
        hasBegun = true;
        const result = await step();
        failed = undefined;
        rest = FIRST_REST;
        return result;
      } catch (error) {
        const fault = faultOf(error);
        if (hasBegun) onFault?.(fault);
        signal.throwIfAborted();
        await waitAfter(error, fault);
      }
    }
  };
}
