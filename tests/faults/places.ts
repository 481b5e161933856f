/** The places of faults in a conversation. */
import type { Fault, FaultProxy } from "../support/network/fault_proxy.ts";

/** Faults in all of a conversation: at random bytes, and at every request. */
export function faultsOf(
  sent: FaultProxy["sent"],
  kind: Fault["kind"],
  side: Fault["side"],
  bytes: number,
  seed = 20261122,
): Fault[] {
  const random = randoms(seed);
  const turned = () => ({ bits: 1 + Math.floor(random() * 255) });
  const at = (unit: "byte" | "request") => (at: number): Fault => ({
    ...{ kind, side, at, unit },
    ...(kind === "garble" ? turned() : {}),
  });
  const requests = Array.from({ length: sent.requests }, (_, index) => index);
  return [...requests.map(at("request")), ...places(sent[side], bytes, random).map(at("byte"))];
}

/** The first bytes, the last one, and random ones. */
function places(length: number, count: number, random: () => number): number[] {
  const chosen = new Set([0, 1, 2, 16, length - 1]);
  while (chosen.size < Math.min(count, length)) chosen.add(Math.floor(random() * length));
  return [...chosen].sort((a, b) => a - b);
}

/** Random numbers from 0 to 1. The same seed gives the same numbers. */
export function randoms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0; // Numerical Recipes' generator
    return state / 2 ** 32;
  };
}
