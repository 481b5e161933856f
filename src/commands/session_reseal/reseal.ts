/**
 * What `session:copy --reseal` does: in a walk over all sessions, it seals those anew that an older
 * secret has sealed. Then it reads all of them again. If an app has sealed some with an older secret
 * meanwhile, it does both once more.
 */
import type { Backend, Change, Store } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import { handleOf } from "../../backends/handle.ts";
import { Pace } from "../../backends/pace.ts";
import type { StoredSession } from "../../backends/stored.ts";
import { AzuError, ExitCode, OperationError, UsageError } from "../../core/errors.ts";
import { close, connected } from "../connection.ts";
import { guarded } from "../guard.ts";
import { Batches } from "../session_copy/batches.ts";
import { type CopySource, type CopyTarget, sourceOf, targetOf } from "../session_copy/ends.ts";
import { Sealer } from "./sealer.ts";
import {
  NO_COUNTS,
  type ResealCounts,
  type ResealReport,
  type ResealRequest,
  type Verification,
} from "./types.ts";

/** Sessions that are written at once, and milliseconds until it slows down. */
const PACE = { batch: 2000, first: 500, least: 50, maxLatency: 1000 } as const;

/** How often a session is tried that another client changes meanwhile. */
const MOST_ATTEMPTS = 5;

/** How often all sessions are gone through. */
const MOST_ROUNDS = 3;

/**
 * Reseals sessions. Failures are not thrown: they are in the report, with true counts.
 * @throws {UsageError} before anything is written.
 */
export async function resealSessions(request: ResealRequest): Promise<ResealReport> {
  const { backend, signal, timeout } = request;
  const tally = new Tally();
  try {
    request.onPhase("connecting");
    const store = await connected(backend, signal, timeout);
    try {
      return await new Reseal(store, request, tally).run();
    } finally {
      await close(store, signal);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return cutOff(error, backend, tally, signal);
  }
}

function cutOff(
  error: unknown,
  backend: Backend,
  tally: Tally,
  signal: AbortSignal,
): ResealReport {
  const report = tally.report();
  if (signal.reason instanceof AzuError) {
    return { ...report, outcome: "failed", error: signal.reason };
  }
  if (signal.aborted) return { ...report, outcome: "interrupted" };
  const explained = asAzuError(error, backend);
  if (explained.exitCode !== ExitCode.impossible) {
    return { ...report, outcome: "failed", error: explained };
  }
  if (tally.counts.resealed === 0) return { ...report, outcome: "impossible", error: explained };
  // The store has found out late, and then it matters what is resealed already.
  const { message, options } = explained;
  return { ...report, outcome: "failed", error: new OperationError(message, options) };
}

/** What is known at any moment, since the work may be cut off at any moment. */
class Tally {
  readonly counts: { -readonly [Name in keyof ResealCounts]: number } = { ...NO_COUNTS };
  /** Sessions of the batch that is being written. */
  inDoubt = 0;
  unreadable = 0;
  verification: Verification | undefined;

  report(): Omit<ResealReport, "outcome"> {
    const { counts, inDoubt, verification, unreadable } = this;
    return { counts: { ...counts }, inDoubt, verification, unreadable };
  }
}

class Reseal {
  readonly #source: CopySource;
  readonly #target: CopyTarget;
  readonly #sealer: Sealer;
  readonly #request: ResealRequest;
  readonly #tally: Tally;
  readonly #pace: Pace;
  /** The ids of sessions that cannot be written. */
  readonly #failed = new Set<string>();

  /** @throws {ImpossibleError} if the store's sessions cannot be read and written. */
  constructor(store: Store, request: ResealRequest, tally: Tally) {
    this.#source = sourceOf(store, request.backend, request.selection);
    this.#target = targetOf(store, request.backend);
    this.#sealer = new Sealer(request.secret, request.previous);
    this.#request = request;
    this.#tally = tally;
    this.#pace = new Pace(request.budget, PACE);
  }

  async run(): Promise<ResealReport> {
    const { signal, dryRun, onPhase, now } = this.#request;
    const tally = this.#tally;
    // Nothing, to find out whether the store can be written.
    await guarded(signal, () => this.#target.save([], signal, now()));
    for (let round = 1;; round++) {
      onPhase("resealing");
      await this.#pass((sessions) => this.#reseal(sessions, round === 1), round === 1);
      if (dryRun) return { ...tally.report(), outcome: "found" };
      onPhase("reading");
      const older = await this.#verify();
      if (older > 0 && round < MOST_ROUNDS) continue;
      const { unopened, failed } = tally.counts;
      const isPartial = older > 0 || unopened > 0 || failed > 0;
      return { ...tally.report(), outcome: isPartial ? "partial" : "resealed" };
    }
  }

  /**
   * Seals those sessions anew that an older secret has sealed.
   * @param isFirst Whether it is the first round: what is left is counted only once.
   */
  async #reseal(sessions: readonly StoredSession[], isFirst: boolean): Promise<void> {
    let some = sessions;
    for (let attempt = 0; some.length > 0 && attempt < MOST_ATTEMPTS; attempt++) {
      const changed = await this.#resealOnce(some, isFirst);
      if (changed.length === 0) return;
      const there = await this.#target.find(changed, this.#request.signal);
      some = there.filter((session) => session !== undefined); // the others have ended
    }
  }

  /** @returns the ids of sessions that another client has changed meanwhile. */
  async #resealOnce(
    sessions: readonly StoredSession[],
    isFirst: boolean,
  ): Promise<readonly string[]> {
    const { signal, now, dryRun } = this.#request;
    const { counts } = this.#tally;
    const changes: Change[] = [];
    for (const session of sessions) {
      const sealing = this.#sealingOf(session);
      if (typeof sealing === "string") {
        if (isFirst) this.#leave(session.id, sealing);
      } else if (dryRun) counts.resealed++;
      else if (!this.#failed.has(session.id)) {
        const resealed = new ResealedSession(session, this.#sealer.sealed(sealing));
        changes.push({ session: resealed, found: session, isOnlyPayload: true });
      }
    }
    if (changes.length === 0) return [];
    this.#tally.inDoubt = changes.length;
    const saved = await this.#target.save(changes, signal, now());
    this.#tally.inDoubt = 0;
    const others: string[] = [];
    for (const [index, { session: { id } }] of changes.entries()) {
      const answer = saved[index] ?? "other";
      if (answer === "done") counts.resealed++;
      else if (answer === "expired") counts.expired++;
      else if (answer === "other") others.push(id);
      else this.#fail(id, answer.failed);
    }
    return others;
  }

  #leave(id: string, why: "unsealed" | "current" | "unopened" | "expired"): void {
    this.#tally.counts[why]++;
    if (why !== "unopened") return;
    this.#request.onFailed({ handle: handleOf(id), reason: "none of the secrets opens it" });
  }

  #fail(id: string, reason: string): void {
    this.#failed.add(id);
    this.#tally.counts.failed++;
    this.#request.onFailed({ handle: handleOf(id), reason });
  }

  /** Reads all sessions again. @returns how many an older secret has sealed meanwhile. */
  async #verify(): Promise<number> {
    const found = { verified: 0, older: 0 };
    let unopened = 0;
    this.#tally.verification = found;
    await this.#pass((sessions) => {
      for (const session of sessions) {
        const sealing = this.#sealingOf(session);
        if (sealing === "unopened") unopened++;
        else if (typeof sealing !== "string" && !this.#failed.has(session.id)) found.older++;
        found.verified++;
      }
      return Promise.resolve();
    }, false);
    this.#tally.counts.unopened = unopened;
    return found.older;
  }

  #sealingOf({ expiresAt, payload }: StoredSession) {
    const hasExpired = expiresAt !== null && expiresAt <= this.#request.now().getTime();
    return hasExpired ? "expired" : this.#sealer.sealingOf(payload);
  }

  /** @param isFirst Whether to report what cannot be read: once is enough. */
  async #pass(
    work: (sessions: readonly StoredSession[]) => Promise<void>,
    isFirst: boolean,
  ): Promise<void> {
    const { signal, budget, onSlow, onProgress, onFailed } = this.#request;
    const tally = this.#tally;
    let seen = 0;
    let estimate: number | undefined;
    await guarded(signal, async (alive) => {
      const batches = new Batches(() => this.#pace.batch, async (sessions) => {
        signal.throwIfAborted();
        const began = performance.now();
        await work(sessions);
        alive();
        seen += sessions.length;
        onProgress({ ...tally.counts }, seen, estimate);
        await this.#pace.after(performance.now() - began, signal);
      });
      try {
        await this.#source.read({
          signal,
          budget,
          onStored: (sessions) => batches.add(sessions),
          onFailed(session) {
            if (!isFirst) return;
            tally.counts.failed++;
            onFailed(session);
          },
          onProgress: (_, total) => {
            alive();
            estimate = total ?? estimate;
          },
          onUnreadable: (count) => tally.unreadable = count,
          onSlow,
        });
        await batches.end();
      } finally {
        await batches.settled();
      }
    });
  }
}

/** A session with another payload. Whatever else it has is read only if somebody asks. */
class ResealedSession implements StoredSession {
  readonly #before: StoredSession;

  constructor(before: StoredSession, readonly payload: Uint8Array) {
    this.#before = before;
  }

  get id(): string {
    return this.#before.id;
  }

  get expiresAt(): number | null {
    return this.#before.expiresAt;
  }

  get createdAt(): number | null {
    return this.#before.createdAt;
  }

  get visitedAt(): number | null {
    return this.#before.visitedAt;
  }

  get user(): string | null {
    return this.#before.user;
  }

  get ip(): string | null {
    return this.#before.ip;
  }

  get userAgent(): string | null {
    return this.#before.userAgent;
  }
}
