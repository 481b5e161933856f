/** What a store tells about its state. */
import type { LookOptions, SessionInfo } from "./contract.ts";

/** The numbers of a status. Sizes are in bytes. */
export const figureNames = [
  "sessions",
  "live",
  "expired",
  "endless",
  "loggedIn",
  "anonymous",
  "bytes",
  "indexBytes",
  "freeBytes",
  "deadRows",
  "memoryUsed",
  "memoryLimit",
  "evicted",
] as const;

export type FigureName = typeof figureNames[number];

export interface Figure {
  readonly value: number;
  /** False for an estimate: from a sample, or by the server. */
  readonly isExact: boolean;
}

/** A figure that is missing is not known. */
export type Figures = Partial<Readonly<Record<FigureName, Figure>>>;

/** Options of `Store.survey`. */
export interface SurveyOptions extends Pick<LookOptions, "budget" | "onProgress"> {
  readonly signal: AbortSignal;
  /** The current time, in milliseconds since 1970. */
  readonly now: number;
  /** Estimate everything, in a time that does not depend on the number of sessions. */
  readonly isQuick: boolean;
}

/** What `Store.survey` returns. */
export interface Survey {
  /**
   * `sessions` is required. azu estimates `live`, `expired`, `endless`, `loggedIn` and `anonymous`
   * from the sample if they are missing.
   */
  readonly figures: Figures;
  /** Sessions chosen at random, or all of them if they are few. */
  readonly sample: readonly SessionInfo[];
  /** When the oldest and the newest session were created, if that is known of all sessions. */
  readonly created?: { readonly oldest: number; readonly newest: number };
  /** What the server says about itself, in words: `{ policy: "noeviction" }`. */
  readonly properties: Readonly<Record<string, string>>;
  /** What endangers the sessions: sentences without a full stop. */
  readonly warnings: readonly string[];
}

/**
 * How many sessions the sample of a survey has at most. A share of one half is then off by 2.2
 * percentage points at most, in 95 of 100 surveys.
 */
export const SAMPLE = 2000;

export function exactly(value: number): Figure {
  return { value, isExact: true };
}

export function about(value: number): Figure {
  return { value: Math.round(value), isExact: false };
}
