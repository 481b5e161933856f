/** The slots of keys on a cluster. */
import type { Buffer } from "node:buffer";
import calculateSlot from "cluster-key-slot";
import type { RedisNode } from "./node.ts";

/** Groups keys so that each group fits into one command: on a cluster, one group per slot. */
export function bySlot(
  { mode }: RedisNode,
  keys: readonly Buffer[],
): readonly (readonly Buffer[])[] {
  if (mode !== "cluster") return [keys];
  const slots = new Map<number, Buffer[]>();
  const alone: Buffer[][] = [];
  for (const key of keys) {
    if (hasEmptyTag(key)) {
      alone.push([key]);
      continue;
    }
    const slot: number = calculateSlot(key);
    const group = slots.get(slot);
    if (group === undefined) slots.set(slot, [key]);
    else group.push(key);
  }
  return [...slots.values(), ...alone];
}

/** For some keys with an empty hash tag, such as `{}}`, cluster-key-slot is wrong. */
export function hasEmptyTag(key: Buffer): boolean {
  const brace = key.indexOf("{");
  return brace !== -1 && key[brace + 1] === 0x7d;
}
