/** One walk over the keys of one server: each batch under the prefix is given to a visitor. */
import { Buffer } from "node:buffer";
import type { Pace } from "../pace.ts";
import { ProtocolError } from "./connection.ts";
import { isList, type RedisNode } from "./node.ts";

/** The keys of one prefix. */
export interface KeySpace {
  /** Matches all of them, and maybe others. */
  readonly pattern: Buffer;
  readonly prefix: Buffer;
}

/**
 * What became of a batch. `done`: its keys are removed. `read`: it was only read. `moved`: the
 * cluster sent some of its keys elsewhere.
 */
export type Outcome = "done" | "read" | "moved";

export interface Walk {
  readonly signal: AbortSignal;
  readonly pace: Pace;
  /** Receives roughly how many keys the server has scanned since the last call. */
  readonly onScanned?: (keys: number) => void;
}

/** The maximum number of concurrent UNLINK batches. Higher values were not faster in benchmarks. */
const IN_FLIGHT = 2;

/**
 * Scans a server from start to end. Keys that exist during the whole scan are
 * returned at least once.
 * @param visit Receives the keys of each batch. Its promise is awaited two batches later.
 */
export async function walk(
  node: RedisNode,
  keys: KeySpace,
  how: Walk,
  visit: (keys: readonly Buffer[]) => Promise<void> | undefined,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  const walked = handled(visitAll(node, keys, how, visit, underWay));
  await walked.catch(() => {});
  await allEnded([walked, ...underWay]);
}

/** Waits for all promises to settle, then throws the first error, so that no result is lost. */
export async function allEnded<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}

/** @param underWay Receives the visits that have not been awaited yet. */
async function visitAll(
  node: RedisNode,
  keys: KeySpace,
  { signal, pace, onScanned }: Walk,
  visit: (keys: readonly Buffer[]) => Promise<void> | undefined,
  underWay: Promise<void>[],
): Promise<void> {
  const next = async (cursor: string, part: number) => {
    const count = pace.lookAt(part);
    const start = performance.now();
    const reply = await scan(node, cursor, keys, count);
    return { ...reply, count, latency: performance.now() - start };
  };
  signal.throwIfAborted();
  for (let reply = next("0", 1);;) {
    const { cursor, keys: batch, count, latency } = await reply;
    await restOf(node, pace.after(latency, signal));
    signal.throwIfAborted();
    const isLast = cursor === "0";
    // Sent before this batch is visited, so that the server does not wait for us.
    if (!isLast) reply = handled(next(cursor, batch.length / count));
    const work = batch.length > 0 ? visit(batch) : undefined;
    onScanned?.(count);
    if (work !== undefined) underWay.push(handled(work));
    if (isLast) return;
    if (underWay.length > IN_FLIGHT) await underWay.shift();
  }
}

/** Milliseconds between two signs of life during a rest. */
const KEEP_ALIVE = 500;

/** Waits, and keeps the server from closing a connection that is idle for too long (`timeout`). */
async function restOf({ connection }: RedisNode, rest: Promise<void>): Promise<void> {
  // A reply that this user may not send PING is a sign of life, too.
  const timer = setInterval(() => void connection.call("PING").catch(() => {}), KEEP_ALIVE);
  try {
    await rest;
  } finally {
    clearInterval(timer);
  }
}

/** Prevents an unhandled rejection for a promise that is awaited later. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** @throws {ProtocolError} if the reply is not valid. */
export async function scan(
  { connection }: RedisNode,
  cursor: string,
  keys: KeySpace,
  count: number,
): Promise<{ readonly cursor: string; readonly keys: readonly Buffer[] }> {
  const reply = checked(
    await connection.call("SCAN", cursor, "MATCH", keys.pattern, "COUNT", count),
    keys,
  );
  if (reply.cursor === cursor && cursor !== "0") {
    throw new ProtocolError("SCAN returned the same cursor again");
  }
  return reply;
}

/**
 * The reply to a SCAN, without keys that only match the pattern.
 * @throws {ProtocolError} if it has another form, or contains a key that does not even match.
 */
function checked(
  reply: unknown,
  { prefix, pattern }: KeySpace,
): { cursor: string; keys: readonly Buffer[] } {
  const [cursor, keys] = isList(reply) ? reply : [];
  if (!Buffer.isBuffer(cursor) || !/^\d{1,20}$/.test(cursor.toString("latin1"))) {
    throw new ProtocolError("the reply to SCAN has no cursor");
  }
  if (!isList(keys)) throw new ProtocolError("the reply to SCAN has no keys");
  const isOurs = (key: unknown): key is Buffer => {
    return Buffer.isBuffer(key) && prefix.equals(key.subarray(0, prefix.length));
  };
  const ours = keys.filter(isOurs);
  if (ours.length < keys.length && !pattern.includes("?")) {
    throw new ProtocolError("SCAN returned a key that does not match");
  }
  return { cursor: cursor.toString("latin1"), keys: ours };
}

/** Tracks the fraction of keys scanned across servers. */
export class ScannedShare {
  readonly #report: (share: number) => void;
  readonly #servers: number;
  #known = 0;
  #total = 0;
  #scanned = 0;

  /** @param report Receives a number from 0 to 1; 0 as long as it is not known. */
  constructor(servers: number, report: (share: number) => void) {
    this.#report = report;
    this.#servers = servers;
  }

  /**
   * Adds a server.
   * @param keys How many keys it has, if that is known.
   * @returns a callback for the number of keys scanned since its last call.
   */
  of(keys: number | undefined): (scanned: number) => void {
    if (keys !== undefined) {
      this.#known++;
      this.#total += keys;
    }
    return (scanned) => {
      this.#scanned += scanned;
      // Until every server has said how many it has, any share would be too large.
      const isKnown = this.#known === this.#servers && this.#total > 0;
      this.#report(isKnown ? Math.min(1, this.#scanned / this.#total) : 0);
    };
  }
}

/** How far a walk over one server got, and whether that is further than the walks before it. */
export class WalkProgress {
  readonly #furthestBefore: number;
  #scanned = 0;
  /** The number of scanned keys that are fully processed. */
  #done = 0;
  #underWay = 0;
  #removed = false;

  /** @param before The progress of the last walk over this server. */
  constructor(before?: WalkProgress) {
    this.#furthestBefore = before?.furthest ?? 0;
  }

  /** The furthest position reached by this or any earlier walk. */
  get furthest(): number {
    return Math.max(this.#furthestBefore, this.#done);
  }

  /**
   * Whether this walk removed keys or got further than the last one. Finding keys alone is not
   * progress.
   */
  get advanced(): boolean {
    return this.#removed || this.#done > this.#furthestBefore;
  }

  /** Records that more keys were scanned. Called after {@linkcode follow} has the work on them. */
  scanned(keys: number): void {
    this.#scanned += keys;
    if (this.#underWay === 0) this.#done = this.#scanned;
  }

  /**
   * Follows the work on a batch.
   * @param work The outcome; undefined if there is no work.
   */
  follow(work: Promise<Outcome> | undefined): Promise<Outcome> | undefined {
    if (work === undefined) return undefined;
    const position = this.#scanned;
    this.#underWay++;
    return work.then((outcome) => {
      this.#underWay--; // not after a failure: then the walk counts as unfinished
      if (outcome === "done") this.#removed = true;
      if (outcome === "read") this.#done = Math.max(this.#done, position);
      return outcome;
    });
  }
}
