/** The sessions of a selection in Redis. Loaded only if something asks for them. */
import { ImpossibleError } from "../../../core/errors.ts";
import { factNames, factsOf, type Selection } from "../../../core/selection.ts";
import type { Sessions, Store } from "../../contract.ts";
import { DEFAULT_PACKING, pathsIn } from "../../layout_options.ts";
import { type PayloadLayout, PayloadReader, SHARD_PAYLOAD } from "../../payload.ts";
import { redisClear } from "../clear.ts";
import { explainRedisError } from "../errors.ts";
import { giveLifetime as giveTo } from "./expiry.ts";
import { listSelected } from "./list.ts";
import { countKeys } from "../look.ts";
import type { RedisNodes } from "../nodes.ts";
import { Removal } from "../removal.ts";
import type { RedisSessions } from "../store.ts";
import { SelectedKeys } from "./selected.ts";
import { surveyRedis } from "../survey/survey.ts";
import type { KeySpace } from "../walk.ts";

/** @throws {ImpossibleError} if the values cannot tell which sessions are meant. */
export function selectedSessions(
  nodes: RedisNodes,
  keys: KeySpace,
  { layout, secrets }: Pick<RedisSessions, "layout" | "secrets">,
  selection: Selection,
): Required<Sessions> & Required<Pick<Store, "giveLifetime" | "survey">> {
  const paths = layout === undefined ? SHARD_PAYLOAD : pathsIn(layout);
  checkTold(selection, paths, nodes.endpoint.address);
  const selected = new SelectedKeys({
    selection,
    payloads: new PayloadReader(paths, layout?.packed ?? DEFAULT_PACKING, secrets),
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

/** The expiry is that of the key. */
function checkTold(selection: Selection, paths: PayloadLayout, address: string): void {
  const untold = factsOf(selection).filter((fact) => {
    return fact !== "expiresAt" && paths[fact] === undefined;
  });
  if (untold.length === 0) return;
  throw new ImpossibleError(
    `The layout in the config names no place for ${factNames(untold, "or")} (${address})`,
    { hint: "If the sessions contain it, name its path in the backend's layout" },
  );
}
