/** What `session:list` does: reads sessions, all or a selection, as long as somebody wants them. */
import type { Backend, SessionInfo, Sessions, Store } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import type { Budget } from "../../backends/pace.ts";
import { AzuError, ExitCode } from "../../core/errors.ts";
import type { Selection } from "../../core/selection.ts";
import { close, connected, sessionsOf } from "../connection.ts";
import { guarded } from "../guard.ts";
import type { Homes } from "../homes.ts";
import { walk } from "../walk.ts";
import { Best } from "./best.ts";
import { LivingSessions } from "./living.ts";
import { comparer, isPlaced, type Sort, unsortable } from "./sort.ts";

export interface ListRequest {
  readonly signal: AbortSignal;
  /** Which sessions; without conditions, all. */
  readonly selection: Selection;
  /** Which of two stores a session lives in; undefined if there is only one store. */
  readonly homes: Homes | undefined;
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

/** The sessions of an open store. */
interface ListedStore {
  readonly backend: Backend;
  readonly sessions: Sessions;
}

/**
 * Lists sessions. Failures are not thrown: they are in the report.
 * @param backends One, or the two between which an app moves its sessions.
 */
export async function listSessions(
  backends: readonly [Backend, ...Backend[]],
  request: ListRequest,
): Promise<ListReport> {
  const { signal, selection, timeout } = request;
  const list = new List(backends[0], request);
  const open: Store[] = [];
  try {
    request.onPhase("connecting");
    const stores: ListedStore[] = [];
    for (const backend of backends) {
      list.backend = backend;
      const store = await connected(backend, signal, timeout);
      open.push(store);
      stores.push({ backend, sessions: sessionsOf(store, backend, selection) });
    }
    return request.onlyCount ? await list.counted(stores) : await list.read(stores);
  } catch (error) {
    return list.cutOff(error);
  } finally {
    for (const store of open) await close(store, signal);
  }
}

/** How many sorted sessions are shown at once. */
const PART = 1000;

/** One run of the command. */
class List {
  readonly #request: ListRequest;
  /** The store that is asked, for errors of its code. */
  backend: Backend;
  #found = 0;
  #shown = 0;
  #unreadable = 0;
  /** Whether nobody wants more, although there may be some. */
  #isUnwanted = false;

  constructor(backend: Backend, request: ListRequest) {
    this.backend = backend;
    this.#request = request;
  }

  async counted(stores: readonly ListedStore[]): Promise<ListReport> {
    this.#request.onPhase("counting");
    const [only, another] = stores;
    const count = only !== undefined && another === undefined
      ? await this.#countOf(only.sessions)
      : await this.#countByReading(stores);
    return { ...this.#report, outcome: "counted", more: false, count };
  }

  async #countOf(sessions: Sessions): Promise<number> {
    const { signal, budget, onFound, onSlow } = this.#request;
    return await guarded(signal, (alive) => {
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
  }

  async #countByReading(stores: readonly ListedStore[]): Promise<number> {
    let count = 0;
    await this.#walk(stores, (batch) => {
      count += batch.length;
      this.#request.onFound(count);
      return true;
    });
    return count;
  }

  /** @param visit Receives sessions, each once. Returns whether it wants more. */
  async #walk(
    stores: readonly ListedStore[],
    visit: (batch: readonly SessionInfo[]) => boolean,
  ): Promise<void> {
    const { signal, budget, homes, onSlow } = this.#request;
    const living = homes && new LivingSessions(homes);
    let wantsMore = true;
    for (const { backend, sessions } of stores) {
      if (!wantsMore) return;
      this.backend = backend;
      const unreadableBefore = this.#unreadable;
      await walk(sessions, {
        backend,
        signal,
        budget,
        ...(living === undefined ? {} : { tellsHome: true }),
        onUnreadable: (count) => this.#unreadable = unreadableBefore + count,
        onSlow,
        visit(batch) {
          wantsMore = visit(living?.of(batch, backend.name) ?? batch);
          return wantsMore;
        },
      });
      living?.next();
    }
  }

  async read(stores: readonly ListedStore[]): Promise<ListReport> {
    const { sort, limit = Infinity, onPhase } = this.#request;
    onPhase("reading");
    const best = sort === undefined ? undefined : new Best(limit, comparer(sort));
    let placed = 0; // sessions whose place in the order is known
    await this.#walk(stores, (batch) => {
      this.#found += batch.length;
      this.#request.onFound(this.#found);
      if (sort === undefined || best === undefined) return this.#show(batch);
      for (const session of batch) {
        best.add(session);
        if (isPlaced(session, sort)) placed++;
      }
      return true;
    });
    if (sort !== undefined && placed === 0 && this.#found > 0) {
      throw unsortable(stores.map(({ backend }) => backend.name).join(" and "), sort);
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
    const explained = asAzuError(error, this.backend);
    const isImpossible = explained.exitCode === ExitCode.impossible && this.#shown === 0;
    return { ...report, outcome: isImpossible ? "impossible" : "failed", error: explained };
  }

  get #report() {
    return { shown: this.#shown, unreadable: this.#unreadable };
  }
}
