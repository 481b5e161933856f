/** What `session:status` does: reads the state of a store. */
import type { Backend, SessionInfo } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import type { Budget } from "../../backends/pace.ts";
import { about, exactly, type Figure, type Figures, type Survey } from "../../backends/survey.ts";
import { type AzuError, ImpossibleError } from "../../core/errors.ts";
import { close, connected } from "../connection.ts";
import { guarded } from "../guard.ts";
import { type Bucket, histogram } from "./histogram.ts";

export interface StatusRequest {
  readonly signal: AbortSignal;
  readonly isQuick: boolean;
  readonly budget: Budget;
  /** Milliseconds to connect; undefined for the default. */
  readonly timeout: number | undefined;
  /** The current time, in milliseconds since 1970. */
  now(): number;
  /** Receives how many sessions have been counted. */
  onFound(found: number, total?: number): void;
  onPhase(phase: "connecting" | "counting"): void;
}

/** The state of a store at a time. */
export interface Status {
  /** When it was read, in milliseconds since 1970. */
  readonly time: number;
  readonly figures: Figures;
  /** How many sessions the estimates and histograms are from. */
  readonly sampled: number;
  /** When the oldest and the newest session were created. */
  readonly created: { readonly oldest: number; readonly newest: number } | undefined;
  /** False if they are the oldest and the newest of the sample. */
  readonly isCreatedExact: boolean;
  /** How long sessions still live: those that have not expired. */
  readonly timeLeft: readonly Bucket[] | undefined;
  /** How long ago sessions were created. */
  readonly age: readonly Bucket[] | undefined;
  readonly properties: Survey["properties"];
  readonly warnings: readonly string[];
}

export interface StatusReport {
  readonly outcome: "read" | "failed" | "interrupted" | "impossible";
  readonly status?: Status;
  readonly error?: AzuError;
}

/** Reads the state of a store. Failures are not thrown: they are in the report. */
export async function readStatus(backend: Backend, request: StatusRequest): Promise<StatusReport> {
  const { signal, timeout } = request;
  try {
    request.onPhase("connecting");
    const store = await connected(backend, signal, timeout);
    try {
      const { survey } = store;
      if (survey === undefined) throw cannot(backend);
      request.onPhase("counting");
      const now = request.now();
      const found = await guarded(signal, async (alive) => {
        return await survey.call(store, {
          signal,
          now,
          isQuick: request.isQuick,
          budget: request.budget,
          onProgress(found, total) {
            alive();
            request.onFound(found, total);
          },
        });
      });
      const status = statusOf(found, now);
      const warnings = [...status.warnings, ...adviceFor(status, backend)];
      return { outcome: "read", status: { ...status, warnings } };
    } finally {
      await close(store, signal);
    }
  } catch (error) {
    if (signal.aborted) return { outcome: "interrupted" };
    const failure = asAzuError(error, backend);
    const outcome = failure instanceof ImpossibleError ? "impossible" : "failed";
    return { outcome, error: failure };
  }
}

function cannot({ name }: Backend): ImpossibleError {
  return new ImpossibleError(`The ${name} backend cannot tell the state of its sessions`, {
    hint: "Its store has no method `survey`",
  });
}

/** More expired sessions than both are a backlog: a share of all sessions, and a number. */
const BACKLOG_SHARE = 0.1;
const BACKLOG = 100;

function adviceFor({ figures }: Status, { capabilities }: Backend): string[] {
  const { sessions, expired, endless } = figures;
  const isBacklog = sessions !== undefined && expired !== undefined &&
    expired.value > Math.max(BACKLOG, sessions.value * BACKLOG_SHARE);
  const isEndless = capabilities.expiresItself && endless !== undefined && endless.value > 0;
  const advice: string[] = [];
  if (isBacklog) advice.push("Many sessions have expired: `azu session:sweep` removes them");
  if (isEndless) {
    advice.push("Some sessions never expire: `azu session:sweep --fix-ttl` gives them a lifetime");
  }
  return advice;
}

/** @param now Milliseconds since 1970. */
export function statusOf(survey: Survey, now: number): Status {
  const { figures, sample, created, properties, warnings } = survey;
  const isWhole = figures.sessions?.isExact === true && figures.sessions.value === sample.length;
  // The clock of the app may be ahead of ours.
  const createdAt = sample.map((session) => session.createdAt).filter(isKnown)
    .map((time) => Math.min(time, now));
  const left = sample.map(({ expiresAt }) => expiresAt).filter(isKnown)
    .filter((expiresAt) => expiresAt >= now)
    .map((expiresAt) => expiresAt - now);
  const tellsExpiry = sample.some(({ expiresAt }) => expiresAt !== undefined);
  const ages = createdAt.map((time) => now - time);
  return {
    time: now,
    figures: { ...estimatesOf(survey, isWhole, now), ...figures },
    sampled: sample.length,
    created: created ?? rangeOf(createdAt),
    isCreatedExact: created !== undefined || isWhole,
    timeLeft: tellsExpiry ? histogram(left, sample.length) : undefined,
    age: ages.length === 0 ? undefined : histogram(ages, sample.length),
    properties,
    warnings,
  };
}

/**
 * The figures that follow from the sample.
 * @param isWhole Whether the sample contains all sessions.
 */
function estimatesOf({ figures, sample }: Survey, isWhole: boolean, now: number): Figures {
  const all = figures.sessions;
  /** How many of all sessions meet a condition on a fact; undefined if no session tells it. */
  const estimated = (
    fact: "user" | "expiresAt",
    isMet: (session: SessionInfo) => boolean,
  ): Figure | undefined => {
    if (all === undefined || all.value === 0) return all;
    if (sample.every((session) => session[fact] === undefined)) return undefined;
    const met = sample.filter(isMet).length;
    return isWhole ? exactly(met) : about(met / sample.length * all.value);
  };
  const isExpired = ({ expiresAt }: SessionInfo) => isKnown(expiresAt) && expiresAt < now;
  const expired = figures.expired ?? estimated("expiresAt", isExpired);
  const estimates = {
    live: all && expired && difference(all, expired),
    expired,
    endless: estimated("expiresAt", ({ expiresAt }) => expiresAt === null),
    loggedIn: estimated("user", ({ user }) => isKnown(user)),
    anonymous: estimated("user", ({ user }) => user === null),
  };
  const known = Object.entries(estimates).filter(([, figure]) => figure !== undefined);
  return Object.fromEntries(known);
}

function difference(all: Figure, some: Figure): Figure {
  const value = Math.max(0, all.value - some.value);
  return { value, isExact: all.isExact && some.isExact };
}

function rangeOf(times: readonly number[]): Status["created"] {
  if (times.length === 0) return undefined;
  return {
    oldest: times.reduce((a, b) => Math.min(a, b)),
    newest: times.reduce((a, b) => Math.max(a, b)),
  };
}

function isKnown<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
