import { Buffer } from "node:buffer";
import type { Selection } from "../../core/selection.ts";
import type { Sessions, Store } from "../contract.ts";
import { PayloadReader, SHARD_PAYLOAD } from "../payload.ts";
import { redisClear } from "./clear.ts";
import { giveLifetime } from "./expiry.ts";
import { explainRedisError } from "./errors.ts";
import { examine } from "./examine.ts";
import { listSelected } from "./list.ts";
import { countKeys, countSelected, lookAlikesOf } from "./look.ts";
import { LookAlikes } from "./look_alikes.ts";
import { RedisNodes } from "./nodes.ts";
import { cacheClearMessage, publish } from "./publish.ts";
import { Removal } from "./removal.ts";
import { followers } from "./replicas.ts";
import { whenFree } from "./retry.ts";
import { checkSeeds } from "./seeds.ts";
import { SelectedKeys } from "./selected.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { type NodeAddress, prefixPattern, type RedisEndpoint } from "./url.ts";
import type { KeySpace } from "./walk.ts";

export interface RedisSessions {
  readonly keyPrefix: string;
  /** The channel on which the app's nodes listen; undefined if they do not cache. */
  readonly channel: string | undefined;
  /** Values of `SESSION_SECRET`, which open sealed payloads. */
  readonly secrets: readonly string[];
}

export interface RedisTarget {
  readonly endpoint: RedisEndpoint;
  /** Undefined for connections without TLS. */
  readonly tls: TlsFiles | undefined;
  /** Milliseconds, for each server. */
  readonly connectTimeout: number;
}

/** @throws {AzuError} if no server can be reached, or one refuses. */
export async function openRedisStore(
  { endpoint, tls: files, connectTimeout }: RedisTarget,
  sessions: RedisSessions,
  signal: AbortSignal,
): Promise<Store> {
  const tls = files && await readTls(files);
  const nodes = new RedisNodes({ endpoint, tls, connectTimeout });
  try {
    await whenFree(() => connect(nodes, signal), signal);
    return storeOf(nodes, sessions);
  } catch (error) {
    nodes[Symbol.dispose]();
    signal.throwIfAborted();
    throw explainRedisError(error, endpoint);
  }
}

async function connect(nodes: RedisNodes, signal: AbortSignal): Promise<void> {
  const { masters } = await nodes.topology(signal);
  if (masters.length === 0) return;
  const node = await anyOf(nodes, masters, signal);
  if (node.mode === "cluster") await checkSeeds(nodes, node, signal);
}

/** The first master that answers: a part of a cluster may be down. */
async function anyOf(nodes: RedisNodes, masters: readonly NodeAddress[], signal: AbortSignal) {
  let failure: unknown;
  for (const address of masters) {
    try {
      return await nodes.node(address, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure ??= error;
    }
  }
  throw failure;
}

function storeOf(nodes: RedisNodes, { keyPrefix, channel, secrets }: RedisSessions): Store {
  const keys: KeySpace = {
    pattern: Buffer.from(prefixPattern(keyPrefix)),
    prefix: Buffer.from(keyPrefix),
  };
  const payloads = new PayloadReader(SHARD_PAYLOAD, secrets);
  const select = (selection: Selection) => {
    const { address } = nodes.endpoint;
    return new SelectedKeys({ selection, payloads, prefixLength: keys.prefix.length, address });
  };
  /** The look-alikes that the last clear of all sessions has seen. */
  let seen: LookAlikes | undefined;
  const all: Sessions = {
    count: (signal, options = {}) => countKeys(nodes, keys, signal, options),
    list: (options) => listSelected(nodes, keys, select([]), options),
    ...clearing(nodes, keys, undefined, () => {
      seen = keys.prefix.includes("session:") ? new LookAlikes(keys.prefix) : undefined;
      return seen;
    }),
  };
  return {
    ...all,
    only(selection) {
      if (selection.length === 0) return all;
      const selected = select(selection);
      return {
        count: (signal, options = {}) => countSelected(nodes, keys, selected, signal, options),
        list: (options) => listSelected(nodes, keys, selected, options),
        ...clearing(nodes, keys, selected, () => undefined),
      };
    },
    giveLifetime: (lifetime, options) => {
      const endless = select([{ fact: "expiresAt", isNull: true }]);
      return giveLifetime(nodes, keys, endless, lifetime, options);
    },
    examine: (signal, options = {}) => examine(nodes, keys, signal, options),
    lookAlikes: async (signal, options = {}) => {
      return seen?.isComplete
        ? seen.list()
        : await lookAlikesOf(nodes, keys.prefix, signal, options);
    },
    ...(channel === undefined ? {} : {
      dropCaches: (signal, now) => publish(nodes, channel, cacheClearMessage(now), signal),
    }),
    async replicated(replicas, timeout, signal) {
      try {
        const { masters } = await nodes.topology(signal);
        const counts = await Promise.all(masters.map(async (address) => {
          return await followers(await nodes.node(address, signal), replicas, timeout, signal);
        }));
        return Math.min(...counts);
      } catch (error) {
        signal.throwIfAborted();
        throw explainRedisError(error, nodes.endpoint);
      }
    },
    [Symbol.asyncDispose]() {
      nodes[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** @param others Makes what receives the look-alikes that a clear sees. */
function clearing(
  nodes: RedisNodes,
  keys: KeySpace,
  selected: SelectedKeys | undefined,
  others: () => LookAlikes | undefined,
): Required<Pick<Sessions, "clear" | "clearAgain">> {
  /** What the last clear removed. */
  let removal = new Removal(keys.prefix.length);
  return {
    clear(options) {
      removal = new Removal(keys.prefix.length);
      return redisClear(nodes, keys, options, removal, { selected, others: others() }).run();
    },
    clearAgain(options, isLast) {
      const scope = { selected, others: undefined };
      return redisClear(nodes, keys, options, removal, scope).runAgain(isLast);
    },
  };
}
