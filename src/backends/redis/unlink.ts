/** Removes keys from one server, as far as it can. */
import { RespError } from "./resp/protocol.ts";
import type { RedisNode } from "./node.ts";
import { saysMoved, slotOf } from "./slots.ts";
import { unlinkKeys } from "./resp/keys.ts";
import { forEachKey, partition, pick, type RawKeys } from "./resp/scan.ts";

/** What became of keys that were to be removed. */
export interface Unlinked {
  /** How many there were. */
  readonly removed: number;
  /** The keys that are not there any more. */
  readonly gone: readonly RawKeys[];
  /** Those of which the answer was lost: they are gone, or are not. */
  readonly unknown: readonly RawKeys[];
  /** Whether the cluster sent some elsewhere: those are not removed. */
  readonly moved: boolean;
  /** Why not all were removed; undefined where nothing else was in the way. */
  readonly failure: unknown;
}

/** Removes keys, as far as it can. A cluster wants those of one slot together. */
export async function unlink({ connection, mode }: RedisNode, keys: RawKeys): Promise<Unlinked> {
  const groups = mode === "cluster" ? bySlot(keys) : [keys];
  const { answers, failure: lost } = await unlinkKeys(connection, groups);
  const gone: RawKeys[] = [];
  let [removed, moved, failure] = [0, false, lost];
  for (const [index, answer] of answers.entries()) {
    if (typeof answer === "number") {
      removed += answer;
      gone.push(...groups.slice(index, index + 1));
    } else if (mode === "cluster" && saysMoved(answer)) moved = true;
    else failure ??= answer;
  }
  return { removed, gone, unknown: groups.slice(answers.length), moved, failure };
}

/** Those of the keys that a server has not; undefined where it may not be asked. */
export async function absent(
  { connection }: RedisNode,
  keys: RawKeys,
): Promise<RawKeys | undefined> {
  const there = new Set<number>();
  let isForbidden = false;
  const asked: Promise<void>[] = [];
  forEachKey(keys, (start, end) => {
    const reply = connection.call("EXISTS", keys.bytes.subarray(start, end));
    asked.push(reply.then((count) => count === 0 ? undefined : void there.add(start), (error) => {
      there.add(start); // where the answer is lost, it is not known to be gone
      isForbidden ||= error instanceof RespError && /^NOPERM|unknown command/i.test(error.message);
    }));
  });
  await Promise.all(asked);
  if (isForbidden) return undefined;
  return partition(keys, (start) => there.has(start)).no;
}

function bySlot(keys: RawKeys): RawKeys[] {
  const slots = new Map<number, [start: number, end: number][]>();
  forEachKey(keys, (start, end) => {
    const slot = slotOf(keys.bytes, start, end);
    const ranges = slots.get(slot) ?? [];
    ranges.push([start, end]);
    slots.set(slot, ranges);
  });
  return [...slots.values()].map((ranges) => pick(keys, ranges));
}
