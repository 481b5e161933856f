/** One walk over the keys of one server: each batch of the prefix is given to a visitor. */
import { ProtocolError } from "./resp.ts";
import type { RedisNode } from "./redis_node.ts";
import { saysMoved, slotOf } from "./redis_slots.ts";
import { scanKeys, unlinkKeys } from "./resp_keys.ts";
import { forEachKey, partition, pick, type RawKeys } from "./resp_scan.ts";
import type { Pace } from "./pace.ts";

/** Keys of one prefix, as the server is asked for them and as they are looked at. */
export interface KeySpace {
  /** As SCAN matches it. */
  readonly pattern: Uint8Array;
  readonly prefix: Uint8Array;
}

/** How a walk is stopped, slowed down and watched. */
export interface Walk {
  readonly signal: AbortSignal;
  readonly pace: Pace;
  /** Told how many keys the server has looked at since it was last told, roughly. */
  readonly onLooked?: (keys: number) => void;
}

/** UNLINKs that may be under way while the next SCAN runs: more buys nothing. */
const IN_FLIGHT = 2;

/**
 * Scans a server to its end. SCAN gives every key at least once that is there all the while.
 * @param visit Gets the keys of each batch; what it returns is waited for, two batches later.
 */
export async function walk(
  node: RedisNode,
  keys: KeySpace,
  how: Walk,
  visit: (keys: RawKeys) => Promise<void> | undefined,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  const walked = handled(visitAll(node, keys, how, visit, underWay));
  await walked.catch(() => {});
  await allEnded([walked, ...underWay]);
}

/** What they count must be known by the time that anybody is told how they ended. */
export async function allEnded<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}

/** @param underWay Are those of the visits that nobody has waited for yet. */
async function visitAll(
  { connection }: RedisNode,
  keys: KeySpace,
  { signal, pace, onLooked }: Walk,
  visit: (keys: RawKeys) => Promise<void> | undefined,
  underWay: Promise<void>[],
): Promise<void> {
  const scan = async (cursor: string, part: number) => {
    const looked = pace.lookAt(part);
    const start = performance.now();
    const reply = await scanKeys(connection, cursor, keys.pattern, looked);
    checkPrefix(reply.keys, keys.prefix);
    return { ...reply, looked, latency: performance.now() - start };
  };
  signal.throwIfAborted();
  for (let next = scan("0", 1);;) {
    const { cursor, keys: batch, looked, latency } = await next;
    await pace.after(latency, signal);
    signal.throwIfAborted();
    const isLast = cursor === "0";
    // The server is to go on while this batch is looked at.
    if (!isLast) next = handled(scan(cursor, batch.count / looked));
    const work = batch.count > 0 ? visit(batch) : undefined;
    onLooked?.(looked);
    if (work !== undefined) underWay.push(handled(work));
    if (isLast) return;
    if (underWay.length > IN_FLIGHT) await underWay.shift();
  }
}

/** What is awaited later, whatever happens first. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** The server has matched the prefix already; one that did not is not to be believed. */
function checkPrefix(keys: RawKeys, prefix: Uint8Array): void {
  forEachKey(keys, (start, end) => {
    let at = 0;
    while (at < prefix.length && keys.bytes[start + at] === prefix[at]) at++;
    if (at < prefix.length || end - start < prefix.length) {
      throw new ProtocolError("a key that was not asked for");
    }
  });
}

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

/** Those of the keys that a server has not; none where it may not be asked. */
export async function absent({ connection }: RedisNode, keys: RawKeys): Promise<RawKeys> {
  const there = new Set<number>();
  const asked: Promise<void>[] = [];
  forEachKey(keys, (start, end) => {
    const reply = connection.call("EXISTS", keys.bytes.subarray(start, end));
    asked.push(reply.then((count) => count === 0 ? undefined : void there.add(start), () => {
      there.add(start); // not allowed, or lost: then it is not known to be gone
    }));
  });
  await Promise.all(asked);
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
