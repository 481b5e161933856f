/** Why sessions are left after a clear that met no error. */
import { OperationError } from "../core/errors.ts";
import type { ClearReport } from "./clear_types.ts";

/**
 * Of a store that tells which are left.
 * @param isKept Whether those never went; else they have come back.
 */
export function leftError(remaining: number, isKept: boolean): OperationError {
  if (isKept) return kept(remaining);
  return new OperationError(
    `${remaining} session(s) from before the clear are there again: an app that still runs ` +
      "writes them back",
    { hint: "Stop the app, and run the command again" },
  );
}

/** @param removed By the last pass: where it could remove none, nobody writes, something keeps. */
export function partial(cleared: number, remaining: number, removed: number): ClearReport {
  const error = removed > 0
    ? new OperationError(
      `${remaining} session(s) are in the store again: an app that still runs writes them`,
      { hint: "Stop the app, or turn its visitors away, and run the command again" },
    )
    : kept(remaining);
  return { outcome: "partial", cleared, remaining, arrived: undefined, lookAlikes: [], error };
}

function kept(remaining: number): OperationError {
  return new OperationError(
    `${remaining} session(s) are still there, though the store reported no error`,
    { hint: "Look for a trigger, a rule or another client that keeps or writes them" },
  );
}
