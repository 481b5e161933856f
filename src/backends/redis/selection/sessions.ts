/** The sessions of a selection in Redis. Loaded only if something asks for them. */
import type { Selection } from "../../../core/selection.ts";
import type { Sessions, Store } from "../../contract.ts";
import { redisClear } from "../clear.ts";
import { giveLifetime as giveTo } from "./expiry.ts";
import { listSelected, readStored } from "./list.ts";
import { countKeys } from "../look.ts";
import type { RedisNodes } from "../nodes.ts";
import { Removal } from "../removal.ts";
import type { RedisSessions } from "../store.ts";
import { selectedKeys } from "./selected.ts";
import type { KeySpace } from "../walk.ts";

/** @throws {ImpossibleError} if the values cannot tell which sessions are meant. */
export function selectedSessions(
  nodes: RedisNodes,
  keys: KeySpace,
  sessions: Pick<RedisSessions, "layout" | "secrets">,
  selection: Selection,
): Required<Sessions> & Required<Pick<Store, "giveLifetime">> {
  const selected = selectedKeys(nodes, keys, sessions, selection);
  /** What the last clear removed. */
  let removal = new Removal(keys.prefix.length);
  const scope = { selected, others: undefined };
  return {
    count: (signal, options = {}) => countKeys(nodes, keys, signal, options, selected),
    list: (options) => listSelected(nodes, keys, selected, options),
    read: (options) => readStored(nodes, keys, selected, options),
    clear(options) {
      removal = new Removal(keys.prefix.length);
      return redisClear(nodes, keys, options, removal, scope).run();
    },
    clearAgain: (options, isLast) => {
      return redisClear(nodes, keys, options, removal, scope).runAgain(isLast);
    },
    giveLifetime: (lifetime, options) => giveTo(nodes, keys, selected, lifetime, options),
  };
}
