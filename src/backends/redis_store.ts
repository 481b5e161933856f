import type { ClearCounts, ClearOptions, LookAlike, Store } from "./contract.ts";
import { prefixPattern } from "./glob.ts";
import { Pace } from "./pace.ts";
import { MAX_LATENCY, RedisClear } from "./redis_clear.ts";
import { explainRedisError } from "./redis_errors.ts";
import { RedisNodes } from "./redis_nodes.ts";
import { RedisPasses } from "./redis_passes.ts";
import { cacheClearMessage } from "./redis_publish.ts";
import { followers } from "./redis_replicas.ts";
import type { KeySpace } from "./redis_sweep.ts";
import type { RedisEndpoint } from "./redis_url.ts";
import { readTls, type TlsFiles } from "./redis_tls.ts";
import { forEachKey, type RawKeys } from "./resp_scan.ts";

/** Keys that one SCAN looks at, where nothing is removed. */
const BATCH = 1000;

/** Different look-alike prefixes that are told apart; there is no end to what keys can be. */
const LOOK_ALIKE_LIMIT = 20;

/** What of a Redis is an app's. */
export interface RedisSessions {
  readonly keyPrefix: string;
  /** The channel on which the app's nodes listen; undefined where they keep no caches. */
  readonly channel: string | undefined;
}

/** Where a Redis is, and how it is connected to. */
export interface RedisTarget {
  readonly endpoint: RedisEndpoint;
  /** Undefined for plain connections. */
  readonly tls: TlsFiles | undefined;
  /** Milliseconds, for each server. */
  readonly connectTimeout: number;
}

/** @throws {AzuError} when no server can be reached, or refuses. */
export async function openRedisStore(
  { endpoint, tls: files, connectTimeout }: RedisTarget,
  sessions: RedisSessions,
  signal: AbortSignal,
): Promise<Store> {
  const tls = files && await readTls(files);
  const nodes = new RedisNodes({ endpoint, tls, connectTimeout });
  try {
    const { masters: [first] } = await nodes.topology(signal);
    if (first !== undefined) await nodes.node(first, signal);
    return new RedisStore(nodes, sessions);
  } catch (error) {
    nodes[Symbol.dispose]();
    signal.throwIfAborted();
    throw explainRedisError(error, endpoint);
  }
}

const encoder = new TextEncoder();

class RedisStore implements Store {
  readonly #nodes: RedisNodes;
  readonly #keys: KeySpace;
  readonly dropCaches?: NonNullable<Store["dropCaches"]>;

  constructor(nodes: RedisNodes, { keyPrefix, channel }: RedisSessions) {
    this.#nodes = nodes;
    this.#keys = {
      pattern: encoder.encode(prefixPattern(keyPrefix)),
      prefix: encoder.encode(keyPrefix),
    };
    if (channel === undefined) return;
    this.dropCaches = async (signal, now) => await this.#publish(channel, now, signal);
  }

  /** Exact on a keyspace at rest; SCAN may count a key twice while the server resizes its table. */
  async count(signal: AbortSignal): Promise<number> {
    let count = 0;
    await this.#look(this.#keys, signal, () => count = 0, (keys) => count += keys.count);
    return count;
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    return await new RedisClear(this.#nodes, this.#keys, options).run();
  }

  async lookAlikes(signal: AbortSignal): Promise<readonly LookAlike[]> {
    const counts = new Map<string, number>();
    const decoder = new TextDecoder();
    const anywhere = { pattern: encoder.encode("*session:*"), prefix: new Uint8Array() };
    await this.#look(anywhere, signal, () => counts.clear(), (keys) => {
      forEachKey(keys, (start, end) => {
        const key = keys.bytes.subarray(start, end);
        if (startsWith(key, this.#keys.prefix)) return;
        const prefix = sessionPrefixOf(decoder.decode(key));
        if (prefix === undefined || (counts.size >= LOOK_ALIKE_LIMIT && !counts.has(prefix))) {
          return;
        }
        counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      });
    });
    return [...counts]
      .map(([prefix, count]) => ({ pattern: `${prefix}*`, count }))
      .sort((a, b) => b.count - a.count);
  }

  async replicated(replicas: number, timeout: number, signal: AbortSignal): Promise<number> {
    try {
      const { masters } = await this.#nodes.topology(signal);
      const counts = await Promise.all(masters.map(async (address) => {
        return await followers(await this.#nodes.node(address, signal), replicas, timeout, signal);
      }));
      return Math.min(...counts);
    } catch (error) {
      signal.throwIfAborted();
      throw explainRedisError(error, this.#nodes.endpoint);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#nodes[Symbol.dispose]();
    return Promise.resolve();
  }

  /** Sees every key at least once, and removes none. */
  async #look(
    keys: KeySpace,
    signal: AbortSignal,
    begin: () => void,
    see: (keys: RawKeys) => void,
  ): Promise<void> {
    const pace = () => new Pace({}, { batch: BATCH, maxLatency: MAX_LATENCY });
    const options = { signal, pace, removes: false, onLooked() {} };
    const passes = new RedisPasses(this.#nodes, keys, options);
    await passes.untilComplete(() => {
      begin();
      return (_, batch) => {
        see(batch);
        return undefined;
      };
    });
  }

  /** Any server passes it on to all of a cluster, but counts only who listens at itself. */
  async #publish(channel: string, now: Date, signal: AbortSignal): Promise<number> {
    try {
      const { masters } = await this.#nodes.topology(signal);
      const message = cacheClearMessage(now);
      const heard = await Promise.all(masters.map(async (master) => {
        const { connection } = await this.#nodes.node(master, signal);
        return await connection.call("PUBLISH", channel, message);
      }));
      return heard.reduce<number>((sum, n) => sum + (typeof n === "number" ? n : 0), 0);
    } catch (error) {
      signal.throwIfAborted();
      throw explainRedisError(error, this.#nodes.endpoint);
    }
  }
}

function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length >= prefix.length && prefix.every((byte, index) => key[index] === byte);
}

/**
 * `session:` or `<app>:session:`, where a key starts like one of them. What stands in the app's
 * place must look like a name and not like an id, for it will be printed.
 */
function sessionPrefixOf(key: string): string | undefined {
  const match = /^(?:([A-Za-z_][\w.-]{0,40}):)?session:/.exec(key);
  if (match === null || /[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}/i.test(match[0])) return undefined;
  return match[0];
}
