/** One walk over the keys of one server: each batch of the prefix is given to a visitor. */
import { ProtocolError } from "./resp/protocol.ts";
import type { RedisNode } from "./node.ts";
import { scanKeys } from "./resp/keys.ts";
import { forEachKey, type RawKeys } from "./resp/scan.ts";
import type { Pace } from "../pace.ts";

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
