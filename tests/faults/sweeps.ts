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

/** The length of an undisturbed conversation. */
export async function measured(makeSubject: () => Promise<Subject>) {
  await using subject = await makeSubject();
  return await conversation(subject);
}
