/** The sessions of a selection in Redis. Loaded only if something asks for them. */
import type { Selection } from "../../../core/selection.ts";
import type { Sessions, Store } from "../../contract.ts";
import { PayloadReader, SHARD_PAYLOAD } from "../../payload.ts";
import { redisClear } from "../clear.ts";
import { explainRedisError } from "../errors.ts";
import { giveLifetime as giveTo } from "./expiry.ts";
import { listSelected } from "./list.ts";
import { countKeys } from "../look.ts";
import type { RedisNodes } from "../nodes.ts";
import { Removal } from "../removal.ts";
import { SelectedKeys } from "./selected.ts";
import { surveyRedis } from "../survey/survey.ts";
import type { KeySpace } from "../walk.ts";

/** @param secrets Values of `SESSION_SECRET`. */
export function selectedSessions(
  nodes: RedisNodes,
  keys: KeySpace,
  secrets: readonly string[],
  selection: Selection,
): Required<Sessions> & Required<Pick<Store, "giveLifetime" | "survey">> {
  const selected = new SelectedKeys({
    selection,
    payloads: new PayloadReader(SHARD_PAYLOAD, secrets),
    prefixLength: keys.prefix.length,
    address: nodes.endpoint.address,
  });
  /** What the last clear removed. */
  let removal = new Removal(keys.prefix.length);
  const scope = { selected, others: undefined };
  return {
    count: (signal, options = {}) => countKeys(nodes, keys, signal, options, selected),
    list: (options) => listSelected(nodes, keys, selected, options),
    clear(options) {
      removal = new Removal(keys.prefix.length);
      return redisClear(nodes, keys, options, removal, scope).run();
    },
    clearAgain: (options, isLast) => {
      return redisClear(nodes, keys, options, removal, scope).runAgain(isLast);
    },
    async survey(options) {
      try {
        return await surveyRedis(nodes, keys, selected, options);
      } catch (error) {
        options.signal.throwIfAborted();
        throw explainRedisError(error, nodes.endpoint);
      }
    },
    giveLifetime: (lifetime, options) => giveTo(nodes, keys, selected, lifetime, options),
  };
}
