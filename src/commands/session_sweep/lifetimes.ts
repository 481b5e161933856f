/** What a sweep does in a store that removes expired sessions itself: some may never expire. */
import type { Backend, Store } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import type { Budget } from "../../backends/pace.ts";
import { AzuError, ExitCode, ImpossibleError } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import { close, connected, sessionsOf } from "../connection.ts";
import { guarded } from "../guard.ts";

const ENDLESS: Selection = [{ fact: "expiresAt", isNull: true }];

export interface LifetimesRequest {
  readonly signal: AbortSignal;
  /** Milliseconds to give to sessions that never expire; undefined to count them only. */
  readonly lifetime: number | undefined;
  readonly budget: Budget;
  readonly timeout: number | undefined;
  onPhase(phase: "connecting" | "clearing" | "counting"): void;
  onGiven(given: number, total?: number): void;
  onFound(found: number, total?: number): void;
}

/** How it ended. `done`: all sessions that never expire have been counted. */
export type LifetimesOutcome = "done" | "failed" | "interrupted" | "impossible";

export interface LifetimesReport {
  readonly outcome: LifetimesOutcome;
  /** How many sessions never expire, at the end; undefined if they were not counted. */
  readonly endless: number | undefined;
  /** How many were certainly given a lifetime; 0 if that was not asked for. */
  readonly given: number;
  /** Whether more may have been given one. */
  readonly isUncertain: boolean;
  readonly error?: AzuError;
}

/** Failures are not thrown: they are in the report, with true counts. */
export async function sweepLifetimes(
  backend: Backend,
  request: LifetimesRequest,
): Promise<LifetimesReport> {
  const { signal, timeout } = request;
  const lifetimes = new Lifetimes(backend, request);
  try {
    request.onPhase("connecting");
    const store = await connected(backend, signal, timeout);
    try {
      return await lifetimes.sweep(store);
    } finally {
      await close(store, signal);
    }
  } catch (error) {
    return lifetimes.cutOff(error);
  }
}

/** One run of the command. */
class Lifetimes {
  readonly #backend: Backend;
  readonly #request: LifetimesRequest;
  #given = 0;
  #inDoubt = 0;
  /** Whether the store is giving lifetimes. */
  #isUnderWay = false;

  constructor(backend: Backend, request: LifetimesRequest) {
    this.#backend = backend;
    this.#request = request;
  }

  async sweep(store: Store): Promise<LifetimesReport> {
    const { signal, lifetime, budget, onPhase, onFound } = this.#request;
    const sessions = sessionsOf(store, this.#backend, ENDLESS);
    if (store.giveLifetime === undefined) {
      throw new ImpossibleError(
        `The ${this.#backend.name} backend cannot give sessions a lifetime`,
        { hint: "Its store has no method `giveLifetime`" },
      );
    }
    const giveLifetime = store.giveLifetime.bind(store);
    if (lifetime !== undefined) {
      onPhase("clearing");
      await guarded(signal, (alive) => this.#give(giveLifetime, lifetime, alive));
    }
    onPhase("counting");
    const endless = await guarded(signal, (alive) =>
      sessions.count(signal, {
        budget,
        onProgress(found, total) {
          alive();
          onFound(found, total);
        },
      }));
    return { outcome: "done", endless, given: this.#given, isUncertain: false };
  }

  async #give(
    giveLifetime: NonNullable<Store["giveLifetime"]>,
    lifetime: number,
    alive: () => void,
  ): Promise<void> {
    const { signal, budget, onGiven } = this.#request;
    this.#isUnderWay = true;
    try {
      this.#given = await giveLifetime(lifetime, {
        signal,
        budget,
        onProgress: (given, total, inDoubt = 0) => {
          alive();
          this.#given = given;
          this.#inDoubt = inDoubt;
          onGiven(given, total);
        },
      });
    } finally {
      this.#isUnderWay = false;
    }
  }

  cutOff(error: unknown): LifetimesReport {
    const { signal } = this.#request;
    const known = {
      endless: undefined,
      given: this.#given,
      isUncertain: this.#isUnderWay || this.#inDoubt > 0,
    };
    if (signal.reason instanceof AzuError) {
      return { outcome: "failed", ...known, error: signal.reason };
    }
    if (signal.aborted) return { outcome: "interrupted", ...known };
    const explained = asAzuError(error, this.#backend);
    const isImpossible = explained.exitCode === ExitCode.impossible;
    return { outcome: isImpossible ? "impossible" : "failed", ...known, error: explained };
  }
}
