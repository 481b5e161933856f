/** The same clear again and again, each time with something else going wrong at another place. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Backend } from "../../src/backends/contract.ts";
import type { ClearReport } from "../../src/commands/clear_types.ts";
import { clearSessions } from "../../src/commands/session_clear.ts";
import { type Fault, type FaultProxy, faultProxy } from "../support/fault_proxy.ts";

/** A store with sessions among neighbours, looked at from outside. */
export interface Subject {
  readonly port: number;
  /** Puts the sessions there; returns how many there are then. */
  fill(): Promise<number>;
  sessions(): Promise<number>;
  /** A fingerprint of everything else in the store. */
  neighbours(): Promise<unknown>;
  /** The backend, reached through a port. */
  backend(port: number): Backend;
}

/** How many sessions may be gone besides those that the report is certain of. */
function uncertain({ error }: ClearReport): number {
  return Number(/up to (\d+) more session/.exec(error?.message ?? "")?.[1] ?? 0);
}

async function clear(backend: Backend): Promise<ClearReport> {
  const { signal } = new AbortController();
  return await clearSessions(backend, {
    signal,
    budget: {},
    dryRun: false,
    truncate: false,
    replicas: 0,
    timeout: 5000,
    broadcast: true,
    now: () => new Date(),
  });
}

/** How long the conversation of an undisturbed clear is, in bytes. */
export async function conversation(subject: Subject): Promise<FaultProxy["sent"]> {
  await subject.fill();
  await using proxy = faultProxy(subject.port);
  strictEqual((await clear(subject.backend(proxy.port))).outcome, "cleared");
  return { ...proxy.sent };
}

/**
 * Clears with one fault; what is reported must be what is, and another run must finish the job.
 * @returns the outcome.
 */
export async function clearWithFault(subject: Subject, fault: Fault): Promise<string> {
  const total = await subject.fill();
  const neighbours = await subject.neighbours();
  await using proxy = faultProxy(subject.port, fault);
  const report = await clear(subject.backend(proxy.port));
  const where = `${JSON.stringify(fault)}: ${JSON.stringify(report)} ${report.error?.message}`;
  const left = await subject.sessions();
  const gone = total - left;
  const atMost = report.cleared + uncertain(report);
  strictEqual(report.cleared <= gone && gone <= atMost, true, `${gone} are gone, ${where}`);
  const proved = report.outcome === "cleared" || report.outcome === "empty";
  if (proved) deepStrictEqual([left, report.remaining, report.cleared], [0, 0, total], where);
  else strictEqual(report.error === undefined, false, where);
  deepStrictEqual(await subject.neighbours(), neighbours, where);
  if (left > 0) {
    const again = await clear(subject.backend(subject.port));
    deepStrictEqual([again.outcome, again.cleared], ["cleared", left], where);
  }
  return report.outcome;
}

/** Places all over a conversation: its first bytes, its last ones, and others by the seed. */
export function places(length: number, count: number, seed: number): number[] {
  const chosen = new Set([0, 1, 2, 16, length - 1]);
  let state = seed >>> 0;
  while (chosen.size < Math.min(count, length)) {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0; // Numerical Recipes' generator
    chosen.add(Math.floor(state / 2 ** 32 * length));
  }
  return [...chosen].sort((a, b) => a - b);
}
