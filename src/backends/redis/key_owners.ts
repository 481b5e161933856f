/** Which server holds a key, for commands on single keys. */
import type { Buffer } from "node:buffer";
import calculateSlot from "cluster-key-slot";
import { OperationError } from "../../core/errors.ts";
import type { RedisNode } from "./node.ts";
import type { RedisNodes } from "./nodes.ts";
import { hasEmptyTag } from "./slots.ts";
import { type Master, slotsIn } from "./topology.ts";

/** Items for one server. */
export interface Group<Item> {
  readonly node: RedisNode;
  readonly items: readonly Item[];
}

export class KeyOwners {
  readonly #nodes: RedisNodes;
  #masters: readonly Master[] | undefined;
  /** The masters of a cluster by slot. */
  #bySlot = new Map<number, Master>();
  /** How often the servers were asked. */
  #asked = 0;

  constructor(nodes: RedisNodes) {
    this.#nodes = nodes;
  }

  /** Asks the servers again before the next use, because one is lost or has given slots away. */
  forget(): void {
    this.#masters = undefined;
  }

  /** Groups items by the server that holds their keys. */
  async group<Item>(
    items: readonly Item[],
    keyOf: (item: Item) => Buffer,
    signal: AbortSignal,
  ): Promise<readonly Group<Item>[]> {
    const groups = new Map<Master, Item[]>();
    for (const item of items) {
      const master = this.#ownerOf(keyOf(item), this.#masters ?? await this.#ask(signal));
      const group = groups.get(master);
      if (group === undefined) groups.set(master, [item]);
      else group.push(item);
    }
    return await Promise.all(Array.from(groups, async ([master, items]) => {
      return { node: await this.#nodes.node(master, signal), items };
    }));
  }

  /** The error for keys that are on another server than expected. */
  moved(): OperationError {
    return new OperationError(
      `The Redis cluster is being resharded, or some of its slots have no master ` +
        `(${this.#nodes.endpoint.address})`,
      { hint: "Wait until that is over, and run the command again: it is safe to repeat" },
    );
  }

  async #ask(signal: AbortSignal): Promise<readonly Master[]> {
    const { masters } = await this.#nodes.topology(signal);
    this.#masters = masters;
    this.#asked++;
    this.#bySlot = new Map();
    for (const master of masters) {
      for (const slot of slotsIn(master)) this.#bySlot.set(slot, master);
    }
    return masters;
  }

  #ownerOf(key: Buffer, masters: readonly Master[]): Master {
    const [first] = masters;
    if (first === undefined) throw this.moved();
    if (first.id === undefined) return first;
    // For these keys, cluster-key-slot may be wrong: each attempt asks another server.
    if (hasEmptyTag(key)) return masters[this.#asked % masters.length] ?? first;
    const owner = this.#bySlot.get(calculateSlot(key));
    if (owner === undefined) throw this.moved();
    return owner;
  }
}
