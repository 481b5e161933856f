/** How a store makes its checks: none of them keeps another from being made. */
import { messageOf } from "../core/errors.ts";
import { within } from "../core/within.ts";
import type { CheckStatus, DiagnosisOptions, StoreCheckId, StoreFinding } from "./diagnosis.ts";

/** The result of a check; undefined if it does not apply. */
export type Outcome = Omit<StoreFinding, "id"> | undefined;

/** A check. If it throws, it is skipped, and the error is the reason. */
export type Check = readonly [id: StoreCheckId, make: () => Outcome | Promise<Outcome>];

/** Milliseconds for one check. On a sound store, all together take less. */
const LIMIT = 2000;

/**
 * Makes checks one after the other: they share a connection.
 * @param explain Turns a driver's error into a sentence.
 */
export async function makeChecks(
  checks: readonly Check[],
  { signal, onFinding }: DiagnosisOptions,
  explain: (error: unknown) => unknown,
): Promise<void> {
  for (const [id, make] of checks) {
    signal.throwIfAborted();
    const late = () => new Error(`no answer within ${LIMIT / 1000} s`);
    try {
      const outcome = await within(Promise.resolve().then(make), { ms: LIMIT, signal, late });
      if (outcome !== undefined) onFinding({ id, ...outcome });
    } catch (error) {
      signal.throwIfAborted();
      onFinding({ id, ...skipped(messageOf(explain(error))) });
    }
  }
}

export function ok(evidence: string): StoreFindingOf {
  return outcome("ok", evidence);
}

export function warning(evidence: string, fix?: string): StoreFindingOf {
  return outcome("warning", evidence, fix);
}

export function failure(evidence: string, fix?: string): StoreFindingOf {
  return outcome("failure", evidence, fix);
}

export function skipped(reason: string): StoreFindingOf {
  return outcome("skipped", reason);
}

type StoreFindingOf = NonNullable<Outcome>;

function outcome(status: CheckStatus, evidence: string, fix?: string): StoreFindingOf {
  return { status, evidence, ...(fix === undefined ? {} : { fix }) };
}

/** Runs work once, when it is first asked for. */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    result.catch(() => {}); // whoever asks for it gets the error
    return result;
  };
}

/** A number for a reader: `12,000`. */
export function number(value: number): string {
  return value.toLocaleString("en-US");
}
