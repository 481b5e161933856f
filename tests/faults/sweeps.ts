/** The tests with faults, which are the same for every store. */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Fault } from "../support/network/fault_proxy.ts";
import { faultsOf } from "./places.ts";
import { conversation, MORE, type Subject, sweep } from "./sweep.ts";

/** Many at once, because they mostly wait. */
const WORKERS = 16;

/** @param howMany The number of bytes on each side that get a fault. Every request gets one too. */
export function testSweeps(
  store: string,
  options: { readonly ignore: boolean },
  makeSubject: () => Promise<Subject>,
  howMany: readonly (readonly [Fault["kind"], number])[],
): void {
  for (const [kind, count] of howMany) {
    const name = `${store}: ${kind} at ${count} bytes of each side, and at every request`;
    Deno.test(name, options, async () => {
      const sent = await measured(makeSubject);
      const faults = (["request", "answer"] as const)
        .flatMap((side) => faultsOf(sent, kind, side, count));
      const outcomes = await sweep(makeSubject, faults, WORKERS);
      if (kind === "delay") deepStrictEqual(outcomes, { cleared: faults.length });
    });
  }
  Deno.test(`${store}: lost for good at every request, then interrupted`, options, async () => {
    const faults = faultsOf(await measured(makeSubject), "cut", "answer", 0)
      .map((fault): Fault => ({ ...fault, forGood: true }));
    const outcomes = await sweep(makeSubject, faults, WORKERS);
    ok((outcomes[`interrupted, ${MORE}`] ?? 0) > 2, JSON.stringify(outcomes));
  });
}

/** Fewer faults of each kind, all in one test: for another selection by the same mechanism. */
export function testMixedFaults(
  store: string,
  options: { readonly ignore: boolean },
  makeSubject: () => Promise<Subject>,
): void {
  Deno.test(`${store}: cut at requests, and faults of each kind`, options, async () => {
    const sent = await measured(makeSubject);
    const faults = (["request", "answer"] as const).flatMap((side) => {
      const atBytes = (kind: Fault["kind"], bytes: number) =>
        faultsOf({ ...sent, requests: 0 }, kind, side, bytes);
      const atRequests = faultsOf(sent, "cut", side, 0);
      const forGood = atRequests.map((fault): Fault => ({ ...fault, forGood: true }));
      return [
        ...some(atRequests, 25),
        ...(side === "answer" ? some(forGood, 60) : []),
        ...[...atBytes("cut", 9), ...atBytes("half-close", 6), ...atBytes("delay", 5)],
      ];
    });
    const outcomes = await sweep(makeSubject, faults, WORKERS);
    ok((outcomes["cleared"] ?? 0) > 10, JSON.stringify(outcomes));
    ok((outcomes[`interrupted, ${MORE}`] ?? 0) > 0, JSON.stringify(outcomes));
  });
}

/** At most so many of them, evenly spread: some conversations have thousands of requests. */
function some(faults: readonly Fault[], most: number): readonly Fault[] {
  const step = Math.max(1, faults.length / most);
  return faults.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

/** The length of an undisturbed conversation. */
export async function measured(makeSubject: () => Promise<Subject>) {
  await using subject = await makeSubject();
  return await conversation(subject);
}
