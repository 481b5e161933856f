/** The request to remove sessions, all or a selection, and its report. */
import type { LookAlike, SessionInfo } from "../../backends/contract.ts";
import type { Budget } from "../../backends/pace.ts";
import type { AzuError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import type { NodesReport } from "./nodes.ts";
import type { Words } from "./words.ts";

/**
 * How a clear ended. `cleared` and `empty` are verified. `partial`: some sessions remain.
 * `impossible` means that the backend cannot be cleared from outside. `found` is a dry run.
 */
export type ClearOutcome =
  | "cleared"
  | "empty"
  | "partial"
  | "failed"
  | "interrupted"
  | "impossible"
  | "declined"
  | "found";

export type ClearPhase =
  | "connecting"
  | "checking"
  | "clearing"
  | "verifying"
  | "counting"
  | "looking"
  | "reading"
  | "copying"
  | "comparing"
  | "checking file"
  | "resealing"
  | "ending"
  | "nodes"
  | "replicas";

export interface ClearReport {
  readonly outcome: ClearOutcome;
  /** How many sessions are certainly gone. */
  readonly cleared: number;
  /** How many of the sessions to clear remain; undefined if that is not known. */
  readonly remaining: number | undefined;
  /** How many sessions were written since the clear began; undefined if that is not known. */
  readonly arrived: number | undefined;
  /** How many sessions could not be read, and so were not selected. */
  readonly unreadable: number;
  /** Some of the sessions that a dry run has found; undefined if nobody asked, or none can be read. */
  readonly preview?: readonly SessionInfo[];
  /** Keys that look like sessions under another prefix. */
  readonly lookAlikes: readonly LookAlike[];
  /** Why what is there may not be sessions; phrases. */
  readonly doubts: readonly string[];
  /** What the operator may want to do next. */
  readonly advice?: string;
  /** How far it got, if it was cut off. */
  readonly cutOff?: CutOff;
  /** Whether the app's nodes were told; undefined if they do not cache. */
  readonly nodes?: NodesReport;
  /** How many replicas have caught up, for the server with the fewest; undefined if not known. */
  readonly replicas?: number;
  /** The file that lists what was to be removed, if one was asked for. */
  readonly evidence?: Evidence;
  /** Why it failed. */
  readonly error?: AzuError;
}

/** A complete file of evidence. */
export interface Evidence {
  /** Its absolute path. */
  readonly file: string;
  readonly sessions: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

/** What is known if nothing was begun. */
export const NOTHING_DONE = {
  cleared: 0,
  remaining: undefined,
  arrived: undefined,
  unreadable: 0,
  lookAlikes: [],
  doubts: [],
} as const satisfies Partial<ClearReport>;

/** Whether nothing is left to clear. */
export function isDone({ outcome }: ClearReport): boolean {
  return outcome === "cleared" || outcome === "empty";
}

export interface CutOff {
  /** Whether anything may have been removed. */
  readonly begun: boolean;
  /** Whether more sessions may be gone than is known. */
  readonly isUncertain: boolean;
  /** An estimate of how many sessions there were; undefined if there is none. */
  readonly total: number | undefined;
}

export interface ClearRequest {
  readonly signal: AbortSignal;
  /** Which sessions to remove; without conditions, all. */
  readonly selection: Selection;
  readonly words: Words;
  /** How many of the sessions that a dry run finds are to be described; 0 for none. */
  readonly preview: number;
  /** Only check and count. */
  readonly dryRun: boolean;
  /** Whether to clear also what does not look like sessions. */
  readonly anything: boolean;
  readonly budget: Budget;
  /** Leave rows that another client has locked. */
  readonly skipLocked?: boolean;
  /** Empty the table at once. */
  readonly truncate: boolean;
  /** Whether to tell the app's nodes. */
  readonly broadcast: boolean;
  /** How many replicas of each server must catch up; 0 if nobody asks. */
  readonly replicas: number;
  /** Milliseconds to connect, and for replicas to catch up; undefined for the default. */
  readonly timeout: number | undefined;
  /** @param total An estimate of how many there will be; undefined if there is none. */
  onProgress?(cleared: number, total?: number): void;
  /** Receives how many sessions a count has found so far. */
  onFound?(found: number, total?: number): void;
  onPhase?(phase: ClearPhase): void;
  /** Called when the connection was lost, or the store was busy, before it is tried again. */
  onRetry?(): void;
  /** Receives why it takes longer than it could: a sentence without a full stop. */
  onSlow?(reason: string): void;
  /** The current time. */
  now(): Date;
}
