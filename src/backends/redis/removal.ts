/** Removes batches of keys from Redis, and counts what that has come to. */
import type { RedisNode } from "./node.ts";
import type { Removed } from "./removed.ts";
import { allEnded } from "./walk.ts";
import { absent, unlink, type Unlinked } from "./unlink.ts";
import { countOf, type RawKeys } from "./resp/scan.ts";

export class Remover {
  readonly #removed: Removed;
  readonly #onProgress: () => void;
  /** Whether the user may ask for keys one by one, as far as is known. */
  #mayAsk = true;

  /** @param onProgress Is called when something has gone. */
  constructor(removed: Removed, onProgress: () => void) {
    this.#removed = removed;
    this.#onProgress = onProgress;
  }

  /** @param again Whether some of these may have been removed, and counted, before. */
  async remove(node: RedisNode, keys: RawKeys, again: boolean): Promise<boolean> {
    if (!again) return await this.#unlink(node, keys);
    const { yes: old, no: fresh } = this.#removed.known(keys);
    const moved = await allEnded([
      ...(old.count > 0 ? [this.removeAgain(node, old)] : []),
      ...(fresh.count > 0 ? [this.#unlink(node, fresh)] : []),
    ]);
    return moved.includes(true);
  }

  /** @returns whether the cluster sent some of the keys elsewhere. */
  async #unlink(node: RedisNode, keys: RawKeys): Promise<boolean> {
    const unlinked = await unlink(node, keys);
    const isRemembered = this.#removed.add(unlinked.removed, unlinked.gone);
    this.#removed.lose(unlinked.unknown);
    this.#onProgress();
    if (!isRemembered) {
      for (const gone of await this.#certainlyGone(node, unlinked)) this.#removed.remember(gone);
    }
    if (unlinked.failure !== undefined) throw unlinked.failure;
    return unlinked.moved;
  }

  /** Those were removed, and counted, before: until they are gone again, they are not. */
  async removeAgain(node: RedisNode, keys: RawKeys): Promise<boolean> {
    this.#removed.comeBack(keys.count);
    const unlinked = await unlink(node, keys);
    const gone = await this.#certainlyGone(node, unlinked);
    this.#removed.goAgain(countOf(gone), countOf(unlinked.unknown));
    this.#onProgress();
    if (unlinked.failure !== undefined) throw unlinked.failure;
    return unlinked.moved;
  }

  /**
   * Where fewer went than were asked for, they expired, or the command has never reached them. Who
   * may not ask believes the answer.
   */
  async #certainlyGone(
    node: RedisNode,
    { removed, gone }: Unlinked,
  ): Promise<readonly RawKeys[]> {
    if (removed === countOf(gone) || !this.#mayAsk) return gone;
    return await Promise.all(gone.map(async (keys) => {
      const found = await absent(node, keys);
      this.#mayAsk &&= found !== undefined;
      return found ?? keys;
    }));
  }
}
