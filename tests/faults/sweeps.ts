/** The tests of a sweep, the same for every store. */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Fault } from "../support/network/fault_proxy.ts";
import { faultsOf } from "./places.ts";
import { conversation, MORE, type Subject, sweep } from "./sweep.ts";

/** Many, for most of their time is waiting. */
const WORKERS = 16;

/** @param howMany Bytes of each side that something happens to; it happens at every request, too. */
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

/** How long an undisturbed conversation is. */
export async function measured(makeSubject: () => Promise<Subject>) {
  await using subject = await makeSubject();
  return await conversation(subject);
}
