/** Removes batches of keys, and counts the sessions that are gone. */
import type { Buffer } from "node:buffer";
import { ErrorReply, ProtocolError } from "./connection.ts";
import { type RedisNode, removeKeys } from "./node.ts";
import { SeenKeys } from "./seen_keys.ts";
import { bySlot } from "./slots.ts";
import { saysMoved } from "./topology.ts";
import { allEnded } from "./walk.ts";

/** Up to this many removed keys, the filter almost never mistakes a new key for a removed one. */
const EXACT = 4_000_000;

/** The removal of keys under one prefix. A clear shares it with those that continue it. */
export class Removal {
  /** The keys for which UNLINK was sent and did not return an error. */
  readonly #seen = new SeenKeys();
  /** The keys that were there and not selected: these must never be taken for removed ones. */
  readonly #spared = new SeenKeys();
  readonly #prefixLength: number;
  /** Different sessions whose removal the server has confirmed. */
  #removed = 0;
  /** Different sessions whose UNLINK got no reply: each may be gone or not. */
  #lost = 0;
  /** Removed sessions that this pass has found again and not yet removed again. */
  #back = 0;
  /** The same number at the end of the previous pass. */
  #backBefore = 0;
  /** The subset of #back whose second UNLINK got no reply. */
  #backLost = 0;
  #again = 0;

  constructor(prefixLength: number) {
    this.#prefixLength = prefixLength;
  }

  /** The number of sessions known to be removed, not including those written back. */
  get gone(): number {
    return this.#removed - this.#there;
  }

  /** How many more sessions may be gone, because the reply to their UNLINK was lost. */
  get inDoubt(): number {
    return this.#lost + Math.min(this.#backLost, this.#there);
  }

  /** How many times removed sessions were removed again. */
  get again(): number {
    return this.#again;
  }

  get #there(): number {
    return Math.min(this.#removed, Math.max(this.#back, this.#backBefore));
  }

  /**
   * Starts a pass. Keys that a failed pass found again may still exist, so they are carried over.
   */
  beginPass(): void {
    this.#backBefore = this.#there;
    this.#backLost = this.#there;
    this.#back = 0;
  }

  /**
   * Called after a complete pass: it has found and removed every key, so the sessions whose replies
   * were lost are gone.
   */
  endPass(): void {
    this.#removed += this.#lost;
    this.#lost = 0;
    this.#backBefore = 0;
    this.#backLost = 0;
  }

  /** Separates keys that were removed before from new ones. */
  split(
    keys: readonly Buffer[],
  ): { readonly old: readonly Buffer[]; readonly new: readonly Buffer[] } {
    const old: Buffer[] = [];
    const fresh: Buffer[] = [];
    for (const key of keys) (this.#seen.has(key, this.#prefixLength) ? old : fresh).push(key);
    return { old, new: fresh };
  }

  /**
   * Records keys that are not selected.
   * @param again Whether some of them may have been removed before. Those are not spared: they have
   *   been written back, with other facts.
   */
  spare(keys: readonly Buffer[], again: boolean): void {
    for (const key of keys) {
      if (again && this.#seen.has(key, this.#prefixLength)) continue;
      this.#spared.add(key, this.#prefixLength);
    }
  }

  /** The keys without those that were spared. */
  unspared(keys: readonly Buffer[]): readonly Buffer[] {
    return keys.filter((key) => !this.#spared.has(key, this.#prefixLength));
  }

  /** Records removed keys that were written back and will not be removed again. */
  comeBack(count: number): void {
    this.#back += count;
  }

  /**
   * Removes keys.
   * @param again Whether some of them may have been removed before.
   * @returns whether the cluster sent some of them elsewhere.
   * @throws if some could not be removed.
   */
  async remove(node: RedisNode, keys: readonly Buffer[], again: boolean): Promise<boolean> {
    if (!again) return await this.#removeNew(node, keys);
    const split = this.split(keys);
    const moved = await allEnded([
      this.removeAgain(node, split.old),
      this.#removeNew(node, split.new),
    ]);
    return moved.includes(true);
  }

  /** Like {@linkcode remove}, for keys that were all removed before. */
  async removeAgain(node: RedisNode, keys: readonly Buffer[]): Promise<boolean> {
    if (keys.length === 0) return false;
    this.#back += keys.length;
    const { replies, moved, failure } = await unlink(node, keys);
    for (const { keys, removed } of replies) {
      this.#again += keys.length;
      if (removed === undefined) this.#backLost += keys.length;
      else this.#back -= keys.length;
    }
    if (failure !== undefined) throw failure;
    return moved;
  }

  async #removeNew(node: RedisNode, keys: readonly Buffer[]): Promise<boolean> {
    if (keys.length === 0) return false;
    const { replies, moved, failure } = await unlink(node, keys);
    for (const { keys, removed } of replies) {
      const known = this.#remember(keys);
      if (removed === undefined) {
        this.#lost += keys.length - known;
        continue;
      }
      // SCAN may return a key twice. A known key that existed had been written back.
      const missing = keys.length - removed;
      const twice = this.#removed < EXACT ? Math.max(0, known - missing) : 0;
      this.#removed += removed - twice;
    }
    if (failure !== undefined) throw failure;
    return moved;
  }

  /** @returns how many of the keys were known. */
  #remember(keys: readonly Buffer[]): number {
    let known = 0;
    for (const key of keys) if (this.#seen.add(key, this.#prefixLength)) known++;
    return known;
  }
}

/** The result of an UNLINK that did not return an error. */
interface UnlinkReply {
  readonly keys: readonly Buffer[];
  /** How many of them existed; undefined if the reply was lost. */
  readonly removed: number | undefined;
}

interface Unlinked {
  readonly replies: readonly UnlinkReply[];
  /** Whether some keys were redirected and therefore not removed. */
  readonly moved: boolean;
  /** The first error, if any. */
  readonly failure: unknown;
}

/** Sends UNLINK. */
async function unlink(node: RedisNode, keys: readonly Buffer[]): Promise<Unlinked> {
  const { mode } = node;
  const groups = bySlot(node, keys);
  const replies: UnlinkReply[] = [];
  let moved = false;
  let failure: unknown;
  await Promise.all(groups.map(async (group) => {
    try {
      const removed = await removeKeys(node, group);
      replies.push({ keys: group, removed: checkedCount(removed, group.length) });
    } catch (error) {
      if (!(error instanceof ErrorReply)) replies.push({ keys: group, removed: undefined });
      if (error instanceof ErrorReply && mode === "cluster" && saysMoved(error)) moved = true;
      else failure ??= error;
    }
  }));
  return { replies, moved, failure };
}

function checkedCount(reply: unknown, most: number): number {
  if (typeof reply === "number" && reply >= 0 && reply <= most) return reply;
  throw new ProtocolError("the reply to UNLINK is not a count of its keys");
}
