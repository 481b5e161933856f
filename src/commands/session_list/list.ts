/** What `session:list` does: reads sessions, all or a selection, as long as somebody wants them. */
import type { Backend, SessionInfo, Sessions } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import type { Budget } from "../../backends/pace.ts";
import { AzuError, ExitCode } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import { close, connected, sessionsOf } from "../connection.ts";
import { guarded } from "../guard.ts";
import { walk } from "../walk.ts";
import { Best } from "./best.ts";
import { comparer, isPlaced, type Sort, unsortable } from "./sort.ts";

export interface ListRequest {
  readonly signal: AbortSignal;
  /** Which sessions; without conditions, all. */
  readonly selection: Selection;
  /** Only count them. */
  readonly onlyCount: boolean;
  /** The most sessions; undefined for all. With an order, it is needed. */
  readonly limit: number | undefined;
  /** Undefined for the order in which they are read. */
  readonly sort: Sort | undefined;
  readonly budget: Budget;
  /** Milliseconds to connect; undefined for the default. */
  readonly timeout: number | undefined;
  /** Receives sessions. Returns whether anybody wants more. */
  onSessions(batch: readonly SessionInfo[]): boolean;
  /** Receives how many sessions have been read or counted. */
  onFound(found: number, total?: number): void;
  onPhase(phase: "connecting" | "reading" | "counting"): void;
  /** Receives why it takes longer than it could: a sentence without a full stop. */
  onSlow(reason: string): void;
}

/** How a list ended. `failed`, `interrupted`: there may be sessions that were not read. */
export type ListOutcome = "listed" | "counted" | "failed" | "interrupted" | "impossible";

export interface ListReport {
  readonly outcome: ListOutcome;
  /** How many sessions were listed. */
  readonly shown: number;
  /** Whether there are more; undefined if that is not known. */
  readonly more: boolean | undefined;
  /** How many there are, if they were counted. */
  readonly count?: number;
  /** How many sessions could not be read, and so were not selected. */
  readonly unreadable: number;
  readonly error?: AzuError;
}

/** Lists sessions. Failures are not thrown: they are in the report. */
export async function listSessions(backend: Backend, request: ListRequest): Promise<ListReport> {
  const { signal, selection, timeout } = request;
  const list = new List(backend, request);
  try {
    request.onPhase("connecting");
    const store = await connected(backend, signal, timeout);
    try {
      const sessions = sessionsOf(store, backend, selection);
      return request.onlyCount ? await list.counted(sessions) : await list.read(sessions);
    } finally {
      await close(store, signal);
    }
  } catch (error) {
    return list.cutOff(error);
  }
}

/** How many sorted sessions are shown at once. */
const PART = 1000;

/** One run of the command. */
class List {
  readonly #backend: Backend;
  readonly #request: ListRequest;
  #found = 0;
  #shown = 0;
  #unreadable = 0;
  /** Whether nobody wants more, although there may be some. */
  #isUnwanted = false;

  constructor(backend: Backend, request: ListRequest) {
    this.#backend = backend;
    this.#request = request;
  }

  async counted(sessions: Sessions): Promise<ListReport> {
    const { signal, budget, onPhase, onFound, onSlow } = this.#request;
    onPhase("counting");
    const count = await guarded(signal, (alive) => {
      return sessions.count(signal, {
        budget,
        onProgress(found, total) {
          alive();
          onFound(found, total);
        },
        onUnreadable: (count) => this.#unreadable = count,
        onSlow,
      });
    });
    return { ...this.#report, outcome: "counted", more: false, count };
  }

  async read(sessions: Sessions): Promise<ListReport> {
    const { signal, budget, sort, limit = Infinity, onPhase, onSlow } = this.#request;
    onPhase("reading");
    const best = sort === undefined ? undefined : new Best(limit, comparer(sort));
    let placed = 0; // sessions whose place in the order is known
    await walk(sessions, {
      backend: this.#backend,
      signal,
      budget,
      onUnreadable: (count) => this.#unreadable = count,
      onSlow,
      visit: (batch) => {
        this.#found += batch.length;
        this.#request.onFound(this.#found);
        if (sort === undefined || best === undefined) return this.#show(batch);
        for (const session of batch) {
          best.add(session);
          if (isPlaced(session, sort)) placed++;
        }
        return true;
      },
    });
    if (sort !== undefined && placed === 0 && this.#found > 0) {
      throw unsortable(this.#backend.name, sort);
    }
    const sorted = best?.sorted() ?? [];
    // In parts, because an output makes a text of each part.
    for (let begin = 0; begin < sorted.length; begin += PART) {
      if (!this.#show(sorted.slice(begin, begin + PART))) break;
    }
    return {
      ...this.#report,
      outcome: "listed",
      more: this.#found > this.#shown ? true : this.#isUnwanted ? undefined : false,
    };
  }

  /** Shows what the limit allows. Returns whether to read on: one more tells that there are more. */
  #show(batch: readonly SessionInfo[]): boolean {
    const { limit = Infinity, onSessions } = this.#request;
    const shown = batch.slice(0, limit - this.#shown);
    this.#shown += shown.length;
    if (shown.length > 0 && !onSessions(shown)) this.#isUnwanted = true;
    return !this.#isUnwanted && shown.length === batch.length;
  }

  cutOff(error: unknown): ListReport {
    const { signal } = this.#request;
    const report = { ...this.#report, more: undefined };
    if (signal.reason instanceof AzuError) {
      return { ...report, outcome: "failed", error: signal.reason };
    }
    if (signal.aborted) return { ...report, outcome: "interrupted" };
    const explained = asAzuError(error, this.#backend);
    const isImpossible = explained.exitCode === ExitCode.impossible && this.#shown === 0;
    return { ...report, outcome: isImpossible ? "impossible" : "failed", error: explained };
  }

  get #report() {
    return { shown: this.#shown, unreadable: this.#unreadable };
  }
}
