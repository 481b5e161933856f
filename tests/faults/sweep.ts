/** The same clear again and again, each time with something else going wrong at another place. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import type { Backend } from "../../src/backends/contract.ts";
import { restOf } from "../../src/cli/commands/session_clear/report.ts";
import type { ClearReport } from "../../src/commands/session_clear/types.ts";
import { clearSessions } from "../../src/commands/session_clear/clear.ts";
import { type Fault, type FaultProxy, faultProxy } from "../support/network/fault_proxy.ts";
import type { Protocol } from "../support/network/requests.ts";

/** A store with sessions among neighbours, looked at from outside. */
export interface Place extends AsyncDisposable {
  /** The backend, and how the tool is told of its store. */
  readonly name: "redis" | "database";
  readonly url: string;
  readonly own: Backend;
  /** Puts the sessions there; returns how many there are then. */
  fill(): Promise<number>;
  sessions(): Promise<number>;
  /** A fingerprint of everything else in the store. */
  neighbours(): Promise<unknown>;
  /** How many others are connected, and may hold locks. */
  others(): Promise<number>;
}

/** One behind a port. */
export interface Subject extends Place {
  readonly protocol: Protocol;
  readonly port: number;
  /** Sessions in a batch; the adapter's own choice where there is none. */
  readonly batch?: number;
  /** Matches what would show a session's id in a message, if that can be told. */
  readonly id?: RegExp;
  /** The URL by way of a port. */
  through(port: number): string;
  /** The backend, reached through a port. */
  backend(port: number): Backend;
}

/**
 * Milliseconds after which somebody presses Ctrl-C, as an answer about a whole table gets a minute or
 * more; and those that a clear may take then, whatever goes wrong.
 */
const [INTERRUPT, BOUND] = [16_000, 25_000];

/** Milliseconds to Ctrl-C after the store is gone for good: before azu gives it up. */
const SOON = 1000;

/** An outcome's second half, where an answer was lost and nobody could be asked again. */
export const MORE = "more gone than known";

/** How many sessions may be gone besides those that the report is certain of. */
function uncertain({ error, cutOff, outcome }: ClearReport): number {
  if (outcome === "interrupted") return cutOff?.isUncertain ? Infinity : 0;
  return Number(/up to (\d+) more/.exec(error?.message ?? "")?.[1] ?? 0);
}

export async function clear(
  backend: Backend,
  batch?: number,
  interrupt = INTERRUPT,
  mayInterrupt = () => true,
): Promise<ClearReport> {
  const abort = new AbortController();
  const timer = setInterval(() => {
    if (mayInterrupt()) abort.abort(new Error("Ctrl-C"));
  }, interrupt);
  const report = await clearSessions(backend, {
    signal: abort.signal,
    budget: batch === undefined ? {} : { batch },
    dryRun: false,
    truncate: false,
    replicas: 0,
    timeout: 5000,
    broadcast: true,
    now: () => new Date(),
  });
  clearInterval(timer);
  return report;
}

/** How long the conversation of an undisturbed clear is, in bytes and in requests. */
export async function conversation(subject: Subject): Promise<FaultProxy["sent"]> {
  await subject.fill();
  await using proxy = faultProxy(subject.port, subject.protocol);
  const { outcome, error } = await clear(subject.backend(proxy.port), subject.batch);
  strictEqual(outcome, "cleared", error?.message);
  return { ...proxy.sent };
}

/** Without TLS, azu does not promise exact counts when bytes are changed on the way. */
export function countsAreExact({ protocol }: Subject, { kind }: Fault): boolean {
  return kind !== "garble" || protocol === "tls";
}

/**
 * Clears with one fault; what is reported must be what is, and another run must finish the job.
 * @returns the outcome, and whether more were gone than was known.
 */
export async function clearWithFault(subject: Subject, fault: Fault): Promise<string> {
  const total = await subject.fill();
  const neighbours = await subject.neighbours();
  await using proxy = faultProxy(subject.port, subject.protocol, fault);
  const begin = performance.now();
  const backend = subject.backend(proxy.port);
  const report = fault.forGood
    ? await clear(backend, subject.batch, SOON, () => proxy.happened)
    : await clear(backend, subject.batch);
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
  deepStrictEqual(await subject.neighbours(), neighbours, where);
  if (left > 0) {
    const again = await clear(subject.own, subject.batch);
    deepStrictEqual([again.outcome, again.cleared], ["cleared", left], where);
  }
  return gone > cleared ? `${report.outcome}, ${MORE}` : report.outcome;
}

/**
 * Clears with each of the faults, by several at a time, each of which has a store of its own.
 * @returns how many ended how.
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
