/** What a clear is asked, and what it answers. */
import type { LookAlike } from "../../backends/contract.ts";
import type { Budget } from "../../backends/pace.ts";
import type { AzuError } from "../../core/errors.ts";
import type { NodesReport, NodesRequest } from "./nodes.ts";
import type { ReplicasReport } from "./replicas.ts";

/**
 * How a clear ended. `cleared` and `empty` are verified; `partial` left sessions; `impossible`
 * is a backend that cannot be cleared from outside; `found` is a dry run.
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

/** What a clear is doing just now. */
export type ClearPhase =
  | "connecting"
  | "clearing"
  | "verifying"
  | "counting"
  | "looking"
  | "nodes"
  | "replicas";

export interface ClearReport {
  readonly outcome: ClearOutcome;
  /** How many sessions are gone for certain. */
  readonly cleared: number;
  /** Of those to be cleared, how many are there now; undefined where that is not known. */
  readonly remaining: number | undefined;
  /** How many were written since the clear began; undefined where that is not known. */
  readonly arrived: number | undefined;
  /** Keys that look like sessions under another prefix, where nothing was found under ours. */
  readonly lookAlikes: readonly LookAlike[];
  /** What the operator may want to do next. */
  readonly advice?: string;
  /** Where it was cut off: how far it had come. */
  readonly cutOff?: CutOff;
  /** What became of telling the app's nodes; undefined where none keep caches. */
  readonly nodes?: NodesReport;
  /** How many replicas have followed; undefined where nobody asked. */
  readonly replicas?: ReplicasReport;
  /** Why it failed. */
  readonly error?: AzuError;
}

export interface CutOff {
  /** Whether anything may have been removed at all. */
  readonly begun: boolean;
  /** Whether more than is known may be gone. */
  readonly isUncertain: boolean;
  /** An estimate of how many there were in all; undefined where there is none. */
  readonly total: number | undefined;
}

export interface ClearRequest extends NodesRequest {
  /** Only count. */
  readonly dryRun: boolean;
  readonly budget: Budget;
  /** Empty the table at once. */
  readonly truncate: boolean;
  /** Replicas of each server that have to follow; 0 where nobody asks. */
  readonly replicas: number;
  /** Milliseconds to connect, and for replicas to follow; undefined for the adapter's own limit. */
  readonly timeout: number | undefined;
  /** @param total An estimate of how many there will be; undefined where there is none. */
  onProgress?(cleared: number, total?: number): void;
  /** Told how many a count has found so far. */
  onFound?(found: number, total?: number): void;
  onPhase?(phase: ClearPhase): void;
}
