import { ImpossibleError } from "../core/errors.ts";
import { type Fact, factNames } from "../core/selection.ts";

/**
 * The refusal of a selection that needs what is in a sealed payload.
 * @param address The redacted address of the store.
 */
export function sealedError(
  facts: readonly Fact[],
  hasSecret: boolean,
  address: string,
): ImpossibleError {
  const needed = factNames(facts, "or");
  return hasSecret
    ? new ImpossibleError(
      `SESSION_SECRET does not open the sealed sessions, so azu cannot tell ${needed} (${address})`,
      {
        hint: "Set SESSION_SECRET to the secret with which the app has sealed them, and " +
          "SESSION_SECRET_PREVIOUS to those before it",
      },
    )
    : new ImpossibleError(
      `Some sessions are sealed, so azu cannot tell ${needed} (${address})`,
      { hint: "Set SESSION_SECRET to the app's secret" },
    );
}
