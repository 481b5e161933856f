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

/** From this share of all sessions, expired ones are a backlog: apps remove them. */
const BACKLOG = 0.1;

function adviceFor({ figures }: Status, { capabilities }: Backend): string[] {
  const { sessions, expired, endless } = figures;
  const isBacklog = sessions !== undefined && expired !== undefined && expired.value > 100 &&
    expired.value > sessions.value * BACKLOG;
  const isEndless = capabilities.expiresItself && endless !== undefined && endless.value > 0;
  return [
    ...(isBacklog ? ["Many sessions have expired: `azu session:sweep` removes them"] : []),
    ...(isEndless
      ? ["Some sessions never expire: `azu session:sweep --fix-ttl` gives them a lifetime"]
      : []),
  ];
}

/** @param now Milliseconds since 1970. */
export function statusOf({ figures, sample, created, ...rest }: Survey, now: number): Status {
  const total = figures.sessions;
  const isWhole = total?.isExact === true && total.value === sample.length;
  /** How many of all sessions meet a condition, if the sample tells that of any. */
  const estimated = (
    fact: "user" | "expiresAt",
    isMet: (session: SessionInfo) => boolean,
  ) => {
    if (total === undefined || sample.length === 0) return total;
    if (sample.every((session) => session[fact] === undefined)) return undefined;
    const met = sample.filter(isMet).length;
    return isWhole ? exactly(met) : about(met / sample.length * total.value);
  };
  const isExpired = ({ expiresAt }: SessionInfo) => isKnown(expiresAt) && expiresAt < now;
  const expired = figures.expired ?? estimated("expiresAt", isExpired);
  const others = {
    live: total && expired && difference(total, expired),
    expired,
    endless: estimated("expiresAt", ({ expiresAt }) => expiresAt === null),
    loggedIn: estimated("user", ({ user }) => isKnown(user)),
    anonymous: estimated("user", ({ user }) => user === null),
  };
  const known = Object.entries(others).filter(([, figure]) => figure !== undefined);
  const ages = sample.flatMap(({ createdAt }) => {
    return isKnown(createdAt) ? [Math.max(0, now - createdAt)] : [];
  });
  const left = sample.flatMap(({ expiresAt }) => {
    return isKnown(expiresAt) && expiresAt >= now ? [expiresAt - now] : [];
  });
  const tellsExpiry = sample.some(({ expiresAt }) => expiresAt !== undefined);
  return {
    ...rest,
    time: now,
    figures: { ...Object.fromEntries(known), ...figures },
    sampled: sample.length,
    created: created ?? rangeOf(ages, now),
    isCreatedExact: created !== undefined || isWhole,
    timeLeft: tellsExpiry ? histogram(left, sample.length) : undefined,
    age: ages.length === 0 ? undefined : histogram(ages, sample.length),
  };
}

function difference(all: Figure, some: Figure): Figure {
  const value = Math.max(0, all.value - some.value);
  return { value, isExact: all.isExact && some.isExact };
}

function rangeOf(ages: readonly number[], now: number): Status["created"] {
  if (ages.length === 0) return undefined;
  const [oldest, newest] = ages.reduce(
    ([most, least], age) => [Math.max(most, age), Math.min(least, age)],
    [0, Infinity],
  );
  return { oldest: now - oldest, newest: now - newest };
}

function isKnown<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
