/** The request to copy sessions, and its report. */
import type { Backend, FailedSession } from "../../backends/contract.ts";
import type { Budget } from "../../backends/pace.ts";
import type { AzuError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import type { Homes } from "../homes.ts";
import type { CopySource } from "./ends.ts";

export interface CopyRequest {
  /** A backend, or a source that is open already and has applied the selection: a file. */
  readonly source: Backend | CopySource;
  readonly target: Backend;
  readonly signal: AbortSignal;
  /** Which sessions to copy; without conditions, all. */
  readonly selection: Selection;
  /** Only count what would be done. */
  readonly dryRun: boolean;
  /** Copy also sessions that were removed at the target since the last copy. */
  readonly restoreRemoved: boolean;
  /** Remove at the target what earlier copies have put there and what has ended at the source. */
  readonly removeEnded: boolean;
  /** Which of the two a session lives in. */
  readonly homes: Homes;
  /** Remove them also if they are more than half of what copies have put there. */
  readonly removeMost: boolean;
  /** The file of the ledger. */
  readonly ledger: string;
  readonly budget: Budget;
  /** Milliseconds to connect; undefined for the default. */
  readonly timeout: number | undefined;
  /** The current time. */
  now(): Date;
  onPhase(phase: "connecting" | "copying" | "comparing" | "checking file" | "ending"): void;
  /**
   * @param seen How many sessions of this phase have been read, and are done with.
   * @param total An estimate of how many there will be; undefined if there is none.
   */
  onProgress(counts: CopyCounts, seen: number, total: number | undefined): void;
  /** The same while the target is read for sessions that have ended. */
  onEnded(counts: EndedCounts, seen: number, total: number | undefined): void;
  onFailed(failed: FailedSession): void;
  /** Receives why it takes longer than it could: a sentence without a full stop. */
  onSlow(reason: string): void;
}

/** What became of the sessions of the source. */
export interface CopyCounts {
  /** Written because the target lacked them. */
  readonly created: number;
  /** Written over a version that was visited earlier. */
  readonly replaced: number;
  /** Given a later expiry. */
  readonly extended: number;
  /** Left, because the target has the same. */
  readonly same: number;
  /** Left, because the target's was visited later, or at the same time. */
  readonly kept: number;
  /** Left, because it is not known which was visited later. */
  readonly unclear: number;
  /** Not copied, because they were removed at the target since an earlier copy. */
  readonly removed: number;
  /** Not copied, because they have expired. */
  readonly expired: number;
  /** Not copied, because of their id or payload, or because the target cannot hold them. */
  readonly failed: number;
}

export const NO_COUNTS: CopyCounts = {
  created: 0,
  replaced: 0,
  extended: 0,
  same: 0,
  kept: 0,
  unclear: 0,
  removed: 0,
  expired: 0,
  failed: 0,
};

/** Fewer sessions may all have been logged out. */
const LEAST_LOST = 5;

/**
 * Whether the target seems to have lost its sessions: most of those that copies have put there are
 * gone, and not only a few.
 */
export function hasLost({ removed, same, kept, unclear, extended, replaced }: CopyCounts): boolean {
  const left = same + kept + unclear + extended + replaced;
  return removed >= LEAST_LOST && removed > left;
}

/** What became of the target's sessions that have ended at the source. */
export interface EndedCounts {
  /** How many live sessions of the target are in the ledger. */
  readonly known: number;
  /** How many of them have ended, and can be removed. */
  readonly found: number;
  readonly removed: number;
  /** How many more may have been removed, because an answer was lost. */
  readonly inDoubt: number;
  /** Left, because their payload cannot be read, so that an app may have written them there. */
  readonly unreadable: number;
  /** Left, because the target refuses to remove them. */
  readonly failed: number;
}

export const NOTHING_ENDED: EndedCounts = {
  known: 0,
  found: 0,
  removed: 0,
  inDoubt: 0,
  unreadable: 0,
  failed: 0,
};

/** What the comparison at the end has found. */
export interface Comparison {
  /** Sessions that were read again, and are accounted for. */
  readonly compared: number;
  /** Sessions that the target lacks, although this copy has put or found them there. */
  readonly missing: number;
  /** Sessions that differ, although they have not changed at the source. */
  readonly differing: number;
}

/**
 * How a copy ended. `copied`: compared, and every session is accounted for. `partial`: some have
 * failed, or differ. `found`: a dry run.
 */
export type CopyOutcome =
  | "copied"
  | "partial"
  | "failed"
  | "interrupted"
  | "impossible"
  | "declined"
  | "found";

export interface CopyReport {
  readonly outcome: CopyOutcome;
  readonly counts: CopyCounts;
  /** How many more sessions may have been written, because an answer was lost. */
  readonly inDoubt: number;
  /** Undefined if it was not begun. */
  readonly comparison: Comparison | undefined;
  /** Undefined if nobody asked for it, or it was not begun. */
  readonly ended?: EndedCounts;
  /** Whether nothing was removed, or would be, because most sessions seem to have ended. */
  readonly isRefused?: boolean;
  /** How many sessions could not be read, and so were not selected. */
  readonly unreadable: number;
  readonly error?: AzuError;
}

/** How many sessions were written. */
export function written({ created, replaced, extended }: CopyCounts): number {
  return created + replaced + extended;
}
