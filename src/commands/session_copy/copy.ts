/**
 * What `session:copy` does. The first pass reads the source and writes what the target lacks. The
 * second reads it again, and must find everything at the target. A third one, if somebody asks for
 * it, removes at the target what has ended at the source: see `ended.ts`.
 */
import type { Backend, Change, Store } from "../../backends/contract.ts";
import { asAzuError } from "../../backends/custom.ts";
import { handleOf } from "../../backends/handle.ts";
import { Pace } from "../../backends/pace.ts";
import { isSameSession } from "../../backends/same_session.ts";
import type { StoredSession } from "../../backends/stored.ts";
import { AzuError, ExitCode, OperationError, UsageError } from "../../core/errors.ts";
import { close, connected } from "../connection.ts";
import { guarded } from "../guard.ts";
import { Batches } from "./batches.ts";
import { decide, type Decision } from "./decide.ts";
import { checkDifferent, type CopySource, type CopyTarget, sourceOf, targetOf } from "./ends.ts";
import { type EndedSessions, endedSessions } from "./ended.ts";
import { Ledger } from "./ledger.ts";
import {
  type Comparison,
  type CopyCounts,
  type CopyReport,
  type CopyRequest,
  hasLost,
  NO_COUNTS,
  written,
} from "./types.ts";

/** Sessions that are compared and written at once, and milliseconds until it slows down. */
const PACE = { batch: 2000, first: 500, least: 50, maxLatency: 1000 } as const;

/** How often a session is compared again that another client changes at the target. */
const MOST_ATTEMPTS = 3;

/**
 * Copies sessions. Failures are not thrown: they are in the report, with true counts.
 * @throws {UsageError} before anything is copied.
 */
export async function copySessions(request: CopyRequest): Promise<CopyReport> {
  const { source, target, signal, timeout, selection } = request;
  const tally = new Tally();
  /** The end that is asked, for errors of its code. */
  let asked = target;
  const copyFrom = async (open: (to: Store) => Promise<CopySource>) => {
    asked = target;
    const to = await connected(target, signal, timeout);
    try {
      return await copyBetween(await open(to), [to, target], request, tally);
    } finally {
      await close(to, signal);
    }
  };
  try {
    request.onPhase("connecting");
    if ("read" in source) return await copyFrom(() => Promise.resolve(source));
    asked = source;
    const from = await connected(source, signal, timeout);
    try {
      return await copyFrom(async (to) => {
        await guarded(signal, () => checkDifferent([from, source], [to, target], signal));
        return sourceOf(from, source, selection);
      });
    } finally {
      await close(from, signal);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return cutOff(error, asked, tally, signal);
  }
}

async function copyBetween(
  from: CopySource,
  target: readonly [Store, Backend],
  request: CopyRequest,
  tally: Tally,
): Promise<CopyReport> {
  const { signal, dryRun, selection, removeEnded } = request;
  const to = targetOf(...target);
  // Nothing, to find out whether the target takes copies.
  await guarded(signal, () => to.save([], signal, request.now()));
  await using ledger = await Ledger.open(request.ledger, dryRun);
  const copy = new Copy(from, to, ledger, request, tally);
  const ended = endedSessions(from, target, ledger, request);
  if (removeEnded) {
    tally.ended = ended;
    await ended?.examine();
  }
  request.onPhase("copying");
  await copy.write();
  if (dryRun) {
    if (removeEnded) await ended?.look();
    return { ...tally.report(), outcome: "found" };
  }
  request.onPhase("comparing");
  await copy.compare();
  if (selection.length === 0) await (ended?.end() ?? ledger.dropOthers());
  const isComplete = tally.isComplete && !hasLost(tally.counts);
  return { ...tally.report(), outcome: isComplete ? "copied" : "partial" };
}

function cutOff(
  error: unknown,
  backend: Backend,
  tally: Tally,
  signal: AbortSignal,
): CopyReport {
  const report = tally.report();
  if (signal.reason instanceof AzuError) {
    return { ...report, outcome: "failed", error: signal.reason };
  }
  if (signal.aborted) return { ...report, outcome: "interrupted" };
  const explained = asAzuError(error, backend);
  if (explained.exitCode !== ExitCode.impossible) {
    return { ...report, outcome: "failed", error: explained };
  }
  if (written(tally.counts) === 0) return { ...report, outcome: "impossible", error: explained };
  // A store has found out late, and then it matters what is copied already.
  const { message, options } = explained;
  return { ...report, outcome: "failed", error: new OperationError(message, options) };
}

/** What is known at any moment, since a copy may be cut off at any moment. */
class Tally {
  readonly counts: { -readonly [Name in keyof CopyCounts]: number } = { ...NO_COUNTS };
  /** Sessions of the batch that is being written. */
  inDoubt = 0;
  unreadable = 0;
  isComparing = false;
  compared = 0;
  missing = 0;
  differing = 0;
  /** Undefined if nobody asked for what has ended. */
  ended: EndedSessions | undefined;

  get isComplete(): boolean {
    const { counts, missing, differing, ended } = this;
    const isKept = ended !== undefined && (ended.isRefused || ended.counts.failed > 0);
    return counts.failed + missing + differing === 0 && !isKept;
  }

  report(): Omit<CopyReport, "outcome"> {
    const { compared, missing, differing, ended } = this;
    const comparison: Comparison = { compared, missing, differing };
    return {
      counts: { ...this.counts },
      inDoubt: this.inDoubt,
      comparison: this.isComparing ? comparison : undefined,
      ...(ended === undefined ? {} : { ended: ended.counts, isRefused: ended.isRefused }),
      unreadable: this.unreadable,
    };
  }
}

const COUNTED = {
  create: "created",
  replace: "replaced",
  extend: "extended",
  same: "same",
  keep: "kept",
  unclear: "unclear",
  removed: "removed",
  expired: "expired",
} as const satisfies Record<Decision, keyof CopyCounts>;

const CHANGES: readonly Decision[] = ["create", "replace", "extend"];

/** A session that is to be written, and why. */
interface Planned extends Change {
  readonly decision: Decision;
  /** In the ledger. */
  readonly number: number;
}

class Copy {
  readonly #source: CopySource;
  readonly #target: CopyTarget;
  readonly #ledger: Ledger;
  readonly #request: CopyRequest;
  readonly #tally: Tally;
  readonly #pace: Pace;
  /** Sessions that cannot be copied, by their numbers in the ledger. */
  readonly #failed = new Set<number>();
  /** Whether the target has had none of the sessions so far; undefined until it was asked. */
  #isNewTarget: boolean | undefined;
  #seen = 0;
  #total: number | undefined;

  constructor(
    source: CopySource,
    target: CopyTarget,
    ledger: Ledger,
    request: CopyRequest,
    tally: Tally,
  ) {
    this.#source = source;
    this.#target = target;
    this.#ledger = ledger;
    this.#request = request;
    this.#tally = tally;
    this.#pace = new Pace(request.budget, PACE);
    // What an earlier copy has put there must be looked up: it may have been removed since.
    if (!ledger.isEmpty || request.dryRun) this.#isNewTarget = false;
  }

  /** The first pass. */
  async write(): Promise<void> {
    await this.#pass(async (sessions) => {
      await this.#copy(sessions);
      await this.#ledger.append();
    }, (handle, reason) => this.#fail(handle, reason));
  }

  /** The second pass. What has changed at the source meanwhile is copied, too. */
  async compare(): Promise<void> {
    this.#tally.isComparing = true;
    this.#isNewTarget = false;
    await this.#pass((sessions) => this.#compare(sessions), () => {});
    await this.#ledger.append();
  }

  async #pass(
    work: (sessions: readonly StoredSession[]) => Promise<void>,
    onFailed: (handle: string, reason: string) => void,
  ): Promise<void> {
    const { signal, budget, onSlow } = this.#request;
    this.#seen = 0;
    this.#total = undefined;
    await guarded(signal, async (alive) => {
      const batches = new Batches(() => this.#pace.batch, async (sessions) => {
        signal.throwIfAborted();
        const began = performance.now();
        await work(sessions);
        alive();
        this.#seen += sessions.length;
        this.#report();
        await this.#pace.after(performance.now() - began, signal);
      });
      try {
        await this.#source.read({
          signal,
          budget,
          onStored: (sessions) => batches.add(sessions),
          onFailed: ({ handle, reason }) => onFailed(handle, reason),
          onProgress: (_, total) => {
            alive();
            this.#total = total ?? this.#total;
          },
          onUnreadable: (count) => this.#tally.unreadable = count,
          onSlow,
        });
        await batches.end();
      } finally {
        await batches.settled();
      }
    });
  }

  #report(): void {
    this.#request.onProgress({ ...this.#tally.counts }, this.#seen, this.#total);
  }

  /**
   * Brings sessions to the target, as far as it lacks them. A new target is not asked before each
   * write: to write says which sessions are there after all.
   */
  async #copy(sessions: readonly StoredSession[]): Promise<void> {
    let some = sessions;
    for (let attempt = 0; some.length > 0; attempt++) {
      if (attempt === MOST_ATTEMPTS) {
        for (const { id } of some) this.#failSession(id, "another client keeps changing it there");
        return;
      }
      some = await this.#copyOnce(some);
    }
  }

  /** @returns the sessions that another client has changed at the target meanwhile. */
  async #copyOnce(sessions: readonly StoredSession[]): Promise<readonly StoredSession[]> {
    const { signal, now, dryRun, restoreRemoved } = this.#request;
    const { counts } = this.#tally;
    const there = this.#isNewTarget ? [] : await this.#find(sessions);
    this.#isNewTarget ??= there.every((found) => found === undefined);
    const time = now().getTime();
    const planned: Planned[] = [];
    for (const [index, session] of sessions.entries()) {
      const found = there[index];
      const number = this.#ledger.numberOf(session.id);
      const isKnown = !restoreRemoved && this.#ledger.has(number);
      const decision = decide(session, found, isKnown, time);
      if (CHANGES.includes(decision)) planned.push({ session, found, decision, number });
      else {
        counts[COUNTED[decision]]++;
        if (decision !== "expired") this.#ledger.add(number, found !== undefined);
      }
    }
    if (dryRun) {
      for (const { decision } of planned) counts[COUNTED[decision]]++;
      return [];
    }
    if (planned.length === 0) return [];
    this.#tally.inDoubt = planned.length;
    const saved = await this.#target.save(planned, signal, now());
    this.#tally.inDoubt = 0;
    const others: StoredSession[] = [];
    for (const [index, { session, decision, number }] of planned.entries()) {
      const answer = saved[index] ?? "other";
      if (answer === "done") {
        counts[COUNTED[decision]]++;
        this.#ledger.add(number, true);
      } else if (answer === "expired") counts.expired++;
      else if (answer === "other") others.push(session);
      else this.#failSession(session.id, answer.failed);
    }
    if (others.length > 0) this.#isNewTarget = false;
    return others;
  }

  async #compare(all: readonly StoredSession[]): Promise<void> {
    const { signal, now, restoreRemoved } = this.#request;
    const ledger = this.#ledger;
    const same = await this.#target.hasSame?.(all, signal) ?? [];
    const sessions = all.filter((_, index) => !same[index]);
    this.#tally.compared += all.length - sessions.length;
    const there = await this.#find(sessions);
    const time = now().getTime();
    const changed: StoredSession[] = [];
    const doubtful: StoredSession[] = [];
    for (const [index, session] of sessions.entries()) {
      const decision = decide(session, there[index], false, time);
      if (!CHANGES.includes(decision)) {
        this.#tally.compared++;
        continue;
      }
      const number = ledger.numberOf(session.id);
      if (this.#failed.has(number)) continue;
      if (there[index] !== undefined) changed.push(session);
      else if (ledger.hasFromThisCopy(number)) doubtful.push(session);
      else if (!restoreRemoved && ledger.has(number)) this.#tally.compared++;
      else changed.push(session);
    }
    if (changed.length > 0) doubtful.push(...await this.#catchUp(changed));
    if (doubtful.length > 0) await this.#explain(doubtful);
  }

  /**
   * Copies what has changed at the source since the first pass.
   * @returns the sessions that the target still has in another form, or not at all.
   */
  async #catchUp(sessions: readonly StoredSession[]): Promise<readonly StoredSession[]> {
    await this.#copy(sessions);
    await this.#ledger.append();
    const there = await this.#find(sessions);
    const time = this.#request.now().getTime();
    return sessions.filter((session, index) => {
      if (this.#failed.has(this.#ledger.numberOf(session.id))) return false;
      const isDone = !CHANGES.includes(decide(session, there[index], false, time));
      if (isDone) this.#tally.compared++;
      return !isDone;
    });
  }

  /** Counts sessions that differ, unless they have changed at the source again. */
  async #explain(sessions: readonly StoredSession[]): Promise<void> {
    const { signal } = this.#request;
    const now = await this.#source.find?.(sessions.map(({ id }) => id), signal) ?? sessions;
    const unchanged = sessions.filter((session, index) => {
      const found = now[index];
      return found !== undefined && isSameSession(found, session);
    });
    const there = await this.#find(unchanged);
    for (const [index, { id }] of unchanged.entries()) {
      const isMissing = there[index] === undefined;
      if (isMissing) this.#tally.missing++;
      else this.#tally.differing++;
      this.#request.onFailed({
        handle: handleOf(id),
        reason: isMissing
          ? "it was copied, and the target does not have it any more"
          : "it was copied, and the target has something else",
      });
    }
  }

  async #find(sessions: readonly StoredSession[]) {
    if (sessions.length === 0) return [];
    return await this.#target.find(sessions.map(({ id }) => id), this.#request.signal);
  }

  #failSession(id: string, reason: string): void {
    this.#failed.add(this.#ledger.numberOf(id));
    this.#fail(handleOf(id), reason);
  }

  #fail(handle: string, reason: string): void {
    this.#tally.counts.failed++;
    this.#request.onFailed({ handle, reason });
  }
}
