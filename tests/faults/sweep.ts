/** Runs the same removal many times, each time with another fault at another place. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import type { Backend } from "../../src/backends/contract.ts";
import type { Budget } from "../../src/backends/pace.ts";
import { CLEAR, REVOKE, sweepWords } from "../../src/commands/session_clear/words.ts";
import type { Selection } from "../../src/core/selection.ts";
import { restOf } from "../../src/cli/commands/session_clear/report.ts";
import { type ClearReport, NOTHING_DONE } from "../../src/commands/session_clear/types.ts";
import { clearSessions } from "../../src/commands/session_clear/clear.ts";
import { sweepLifetimes } from "../../src/commands/session_sweep/lifetimes.ts";
import { type Fault, type FaultProxy, faultProxy } from "../support/network/fault_proxy.ts";
import type { Protocol } from "../support/network/requests.ts";

/** The sessions to remove, where not all are. */
export const OF_ONE_USER: Selection = [{ fact: "user", oneOf: ["42"] }];
export const EXPIRED: Selection = [{ fact: "expiresAt", before: Date.parse("2020-01-01") }];
export const ENDLESS: Selection = [{ fact: "expiresAt", isNull: true }];

/** A store with sessions and neighbours, as seen by another client. */
export interface Place extends AsyncDisposable {
  /** The name of the backend, and the URL for the tool. */
  readonly name: "redis" | "database";
  readonly url: string;
  readonly own: Backend;
  /** Which sessions to remove. Others are among the neighbours. */
  readonly selection: Selection;
  /** Sessions in a batch; by default, the adapter decides. */
  readonly batch?: number;
  /** Writes the sessions, and returns how many there are. */
  fill(): Promise<number>;
  sessions(): Promise<number>;
  /** A fingerprint of all other data in the store. */
  neighbours(): Promise<unknown>;
  /** How many other clients are connected, which may hold locks. */
  others(): Promise<number>;
}

/** A store that is reached through a port. */
export interface Subject extends Place {
  readonly protocol: Protocol;
  readonly port: number;
  /** Matches a message that shows a session's id. */
  readonly id?: RegExp;
  /** The URL with another port. */
  through(port: number): string;
  /** The backend with another port. */
  backend(port: number): Backend;
}

/**
 * Milliseconds after which a clear is interrupted, because a statement about a whole table may take
 * a minute or more; and milliseconds in which every clear must end.
 */
const [INTERRUPT, BOUND] = [16_000, 25_000];

/** Milliseconds from the loss of the store to the interruption. azu has not given up by then. */
const SOON = 1000;

/** Added to an outcome if an answer was lost and the store could not be asked again. */
export const MORE = "more gone than known";

/** How many more sessions may be gone than the report says. */
function uncertain({ error, cutOff, outcome }: ClearReport): number {
  if (outcome === "interrupted") return cutOff?.isUncertain ? Infinity : 0;
  return Number(/up to (\d+) more/.exec(error?.message ?? "")?.[1] ?? 0);
}

/** Does what the place is for: removes its sessions, or gives them a lifetime. */
export async function clear(
  place: Place,
  backend = place.own,
  interrupt = INTERRUPT,
  mayInterrupt = () => true,
): Promise<ClearReport> {
  const abort = new AbortController();
  const timer = setInterval(() => {
    if (mayInterrupt()) abort.abort(new Error("Ctrl-C"));
  }, interrupt);
  const work = place.selection === ENDLESS ? giveLifetimes : remove;
  const report = await work(place, backend, abort.signal);
  clearInterval(timer);
  return report;
}

async function remove(
  { selection, batch }: Place,
  backend: Backend,
  signal: AbortSignal,
): Promise<ClearReport> {
  const isSweep = selection === EXPIRED;
  return await clearSessions(backend, {
    signal,
    selection,
    words: isSweep ? sweepWords() : selection.length === 0 ? CLEAR : REVOKE,
    preview: 0,
    budget: budgetOf(batch),
    skipLocked: isSweep,
    dryRun: false,
    anything: true,
    truncate: false,
    replicas: 0,
    timeout: 5000,
    broadcast: true,
    now: () => new Date(),
  });
}

/** No rest after a slow batch: with a busy machine, thousands of small ones would take too long. */
function budgetOf(batch: number | undefined): Budget {
  const maxLatency = 60_000;
  return batch === undefined ? { maxLatency } : { batch, maxLatency };
}

/** A sweep with `--fix-ttl`, in the words of a removal: a session with a lifetime is gone. */
async function giveLifetimes(
  { batch }: Place,
  backend: Backend,
  signal: AbortSignal,
): Promise<ClearReport> {
  const { outcome, given, endless, isUncertain, error } = await sweepLifetimes(backend, {
    signal,
    lifetime: 3_600_000,
    budget: budgetOf(batch),
    timeout: 5000,
    onPhase() {},
    onGiven() {},
    onFound() {},
  });
  return {
    ...NOTHING_DONE,
    outcome: outcome !== "done" ? outcome : given > 0 ? "cleared" : "empty",
    cleared: given,
    remaining: endless,
    cutOff: { begun: true, isUncertain, total: undefined },
    ...(error === undefined ? {} : { error }),
  };
}

/** The length of the conversation of an undisturbed clear, in bytes and in requests. */
export async function conversation(subject: Subject): Promise<FaultProxy["sent"]> {
  await subject.fill();
  await using proxy = faultProxy(subject.port, subject.protocol);
  const { outcome, error } = await clear(subject, subject.backend(proxy.port));
  strictEqual(outcome, "cleared", error?.message);
  return { ...proxy.sent };
}

/** Without TLS, azu does not promise exact counts if bytes are changed. */
export function countsAreExact({ protocol }: Subject, { kind }: Fault): boolean {
  return kind !== "garble" || protocol === "tls";
}

/**
 * Clears with one fault. The report must be true, and another run must remove the rest.
 * @returns the outcome, and whether more sessions were gone than the report said.
 */
export async function clearWithFault(subject: Subject, fault: Fault): Promise<string> {
  const total = await subject.fill();
  const neighbours = await subject.neighbours();
  await using proxy = faultProxy(subject.port, subject.protocol, fault);
  const begin = performance.now();
  const backend = subject.backend(proxy.port);
  const report = fault.forGood
    ? await clear(subject, backend, SOON, () => proxy.happened)
    : await clear(subject, backend);
  const time = performance.now() - begin;
  const where = `${JSON.stringify(fault)}: ${JSON.stringify(report)} ${report.error?.message}`;
  strictEqual(time < BOUND, true, `${Math.round(time)} ms, ${where}`);
  const left = await subject.sessions();
  const gone = total - left;
  const cleared = countsAreExact(subject, fault) ? report.cleared : gone;
  const atMost = cleared + uncertain(report);
  strictEqual(cleared <= gone && gone <= atMost, true, `${gone} are gone, ${where}`);
  if (subject.id !== undefined) {
    doesNotMatch(Deno.inspect(report.error, { depth: 9 }), subject.id, where);
  }
  if (gone > cleared) match(restOf(report) ?? "", /^At least \d|is known to be gone/, where);
  const proved = report.outcome === "cleared" || report.outcome === "empty";
  if (proved) deepStrictEqual([left, report.remaining, cleared], [0, 0, total], where);
  else strictEqual(report.error === undefined, report.outcome === "interrupted", where);
  // A connection that was cut may hold its locks for a moment, and a sweep waits for none.
  if (report.outcome === "partial") strictEqual(subject.selection, EXPIRED, where);
  deepStrictEqual(await subject.neighbours(), neighbours, where);
  if (left > 0) {
    const again = await clear(subject);
    deepStrictEqual([again.outcome, again.cleared], ["cleared", left], where);
  }
  return gone > cleared ? `${report.outcome}, ${MORE}` : report.outcome;
}

/**
 * Clears with each of the faults, several at a time, each in its own store.
 * @returns the number of clears with each outcome.
 */
export async function sweep(
  makeSubject: () => Promise<Subject>,
  faults: readonly Fault[],
  workers = 4,
): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  const todo = faults.values();
  const failures: unknown[] = [];
  await Promise.all(Array.from({ length: workers }, async () => {
    await using subject = await makeSubject();
    for (const fault of todo) {
      if (failures.length > 0) return;
      await clearWithFault(subject, fault).then(
        (outcome) => outcomes[outcome] = (outcomes[outcome] ?? 0) + 1,
        (error) => failures.push(error),
      );
    }
  }));
  if (failures.length > 0) throw failures[0];
  return outcomes;
}
