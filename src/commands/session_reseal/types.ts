/** The request to reseal sessions, and its report. */
import type { Backend, FailedSession } from "../../backends/contract.ts";
import type { Budget } from "../../backends/pace.ts";
import type { AzuError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";

export interface ResealRequest {
  readonly backend: Backend;
  /** The secret to seal with. */
  readonly secret: string;
  /** Those with which sessions may be sealed, too. */
  readonly previous: readonly string[];
  readonly signal: AbortSignal;
  /** Which sessions; without conditions, all. */
  readonly selection: Selection;
  /** Only count what would be done. */
  readonly dryRun: boolean;
  readonly budget: Budget;
  /** Milliseconds to connect; undefined for the default. */
  readonly timeout: number | undefined;
  /** The current time. */
  now(): Date;
  onPhase(phase: "connecting" | "resealing" | "reading"): void;
  /**
   * @param seen How many sessions of this phase have been read, and are done with.
   * @param total An estimate of how many there will be; undefined if there is none.
   */
  onProgress(counts: ResealCounts, seen: number, total: number | undefined): void;
  /** Receives a session that no secret opens, or that cannot be written. */
  onFailed(failed: FailedSession): void;
  /** Receives why it takes longer than it could: a sentence without a full stop. */
  onSlow(reason: string): void;
}

/** What became of the sessions. */
export interface ResealCounts {
  /** Sealed with the new secret, instead of an older one. */
  readonly resealed: number;
  /** Left, because they are sealed with the new secret. */
  readonly current: number;
  /** Left, because they are not sealed. */
  readonly unsealed: number;
  /** Left, because they have expired. */
  readonly expired: number;
  /** Left, because none of the secrets opens them. */
  readonly unopened: number;
  /** Left, because they cannot be read or written. */
  readonly failed: number;
}

export const NO_COUNTS: ResealCounts = {
  resealed: 0,
  current: 0,
  unsealed: 0,
  expired: 0,
  unopened: 0,
  failed: 0,
};

/** What reading again at the end has found. */
export interface Verification {
  /** How many sessions were read. */
  readonly verified: number;
  /** How many of them are sealed with an older secret, besides those that cannot be written. */
  readonly older: number;
}

/**
 * How it ended. `resealed`: read again, and none needs an older secret. `partial`: some do, or it is
 * not known. `found`: a dry run.
 */
export type ResealOutcome =
  | "resealed"
  | "partial"
  | "failed"
  | "interrupted"
  | "impossible"
  | "declined"
  | "found";

export interface ResealReport {
  readonly outcome: ResealOutcome;
  readonly counts: ResealCounts;
  /** How many more sessions may have been resealed, because an answer was lost. */
  readonly inDoubt: number;
  /** Undefined if it was not begun. */
  readonly verification: Verification | undefined;
  /** How many sessions could not be read, and so were not selected. */
  readonly unreadable: number;
  readonly error?: AzuError;
}
