import { Buffer } from "node:buffer";
import type { Selection } from "../../core/selection.ts";
import type { Sessions, Store } from "../contract.ts";
import { lazySessions } from "../lazy_sessions.ts";
import { redisClear } from "./clear.ts";
import type { RedisCopies } from "./copies.ts";
import { explainRedisError } from "./errors.ts";
import { examine } from "./examine.ts";
import { countKeys, lookAlikesOf } from "./look.ts";
import type { RedisLayoutOptions } from "./layout_options.ts";
import { LookAlikes } from "./look_alikes.ts";
import { RedisNodes } from "./nodes.ts";
import { cacheClearMessage, publish } from "./publish.ts";
import { Removal } from "./removal.ts";
import { followers } from "./replicas.ts";
import { whenFree } from "./retry.ts";
import { checkSeeds } from "./seeds.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { type NodeAddress, prefixPattern, type RedisEndpoint } from "./url.ts";
import type { KeySpace } from "./walk.ts";

export interface RedisSessions {
  readonly keyPrefix: string;
  /** The channel on which the app's nodes listen; undefined if they do not cache. */
  readonly channel: string | undefined;
  /** The secrets that open sealed payloads, the current one first. */
  readonly secrets: readonly string[];
  /** What the values contain; undefined if the app writes them. */
  readonly layout: RedisLayoutOptions | undefined;
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

function storeOf(nodes: RedisNodes, sessions: RedisSessions): Store {
  const { keyPrefix, channel } = sessions;
  const keys: KeySpace = {
    pattern: Buffer.from(prefixPattern(keyPrefix)),
    prefix: Buffer.from(keyPrefix),
  };
  const select = async (selection: Selection) => {
    const { selectedSessions } = await import("./selection/sessions.ts");
    return selectedSessions(nodes, keys, sessions, selection);
  };
  let copies: Promise<RedisCopies> | undefined;
  const copying = () => copies ??= openCopies(nodes, keys, sessions);
  /** What the last clear of all sessions removed, and the look-alikes that it has seen. */
  let removal = new Removal(keys.prefix.length);
  let seen: LookAlikes | undefined;
  const all: Sessions = {
    count: (signal, options = {}) => countKeys(nodes, keys, signal, options),
    list: async (options) => await (await select([])).list(options),
    read: async (options) => await (await select([])).read(options),
    clear(options) {
      removal = new Removal(keys.prefix.length);
      seen = keys.prefix.includes("session:") ? new LookAlikes(keys.prefix) : undefined;
      const scope = { selected: undefined, others: seen };
      return redisClear(nodes, keys, options, removal, scope).run();
    },
    clearAgain(options, isLast) {
      const scope = { selected: undefined, others: undefined };
      return redisClear(nodes, keys, options, removal, scope).runAgain(isLast);
    },
  };
  return {
    ...all,
    only(selection) {
      if (selection.length === 0) return all;
      let selected: ReturnType<typeof select> | undefined;
      const selecting = () => selected ??= select(selection);
      return {
        ...lazySessions(selecting),
        clearAgain: async (...args) => await (await selecting()).clearAgain(...args),
      };
    },
    async giveLifetime(lifetime, options) {
      const endless = await select([{ fact: "expiresAt", isNull: true }]);
      return await endless.giveLifetime(lifetime, options);
    },
    find: async (...args) => await (await copying()).find(...args),
    // azu does not know what else values of another layout must contain.
    ...(sessions.layout === undefined
      ? {
        save: async (changes, signal) => await (await copying()).save(changes, signal),
        drop: async (...args) => await (await copying()).drop(...args),
      } satisfies Partial<Store>
      : {}),
    place: async (...args) => await (await copying()).place(...args),
    async survey(options) {
      const { surveyRedis } = await import("./survey/survey.ts");
      return await surveyRedis(nodes, keys, sessions, options);
    },
    async diagnose(options) {
      const { diagnoseRedis } = await import("./diagnosis/diagnose.ts");
      await diagnoseRedis(nodes, keys, sessions, options);
    },
    examine: (signal, options = {}) => {
      return examine(nodes, keys, signal, options, sessions.layout?.packed === "opaque");
    },
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

/** Loaded only if something is copied. */
async function openCopies(
  nodes: RedisNodes,
  { prefix }: KeySpace,
  sessions: RedisSessions,
): Promise<RedisCopies> {
  const { RedisCopies } = await import("./copies.ts");
  const { payloadReader } = await import("./selection/selected.ts");
  return new RedisCopies(nodes, prefix, payloadReader(sessions));
}
