import type { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import { OperationError } from "../core/errors.ts";
import type { ClearOptions, LookAlike, Store } from "./contract.ts";
import { prefixPattern } from "./glob.ts";
import { connectRedis } from "./redis_connection.ts";
import { explainRedisError } from "./redis_errors.ts";
import { publishCacheClear } from "./redis_publish.ts";
import type { RedisEndpoint } from "./redis_url.ts";

/** Keys that one SCAN looks at: larger buys no speed and lets other clients wait. */
const BATCH = 1000;

/** Different look-alike prefixes that are told apart; there is no end to what keys can be. */
const LOOK_ALIKE_LIMIT = 20;

/** What of a Redis is an app's. */
export interface RedisSessions {
  readonly keyPrefix: string;
  /** The channel on which the app's nodes listen; undefined where they keep no caches. */
  readonly channel: string | undefined;
}

/** @throws {AzuError} when the server cannot be reached, refuses, or is part of a cluster. */
export async function openRedisStore(
  endpoint: RedisEndpoint,
  sessions: RedisSessions,
  signal: AbortSignal,
): Promise<Store> {
  return new RedisStore(await connectRedis(endpoint, signal), endpoint, sessions);
}

class RedisStore implements Store {
  readonly #redis: Redis;
  readonly #endpoint: RedisEndpoint;
  readonly #prefix: Uint8Array;
  readonly #pattern: string;
  readonly dropCaches?: NonNullable<Store["dropCaches"]>;

  constructor(redis: Redis, endpoint: RedisEndpoint, { keyPrefix, channel }: RedisSessions) {
    this.#redis = redis;
    this.#endpoint = endpoint;
    this.#prefix = new TextEncoder().encode(keyPrefix);
    this.#pattern = prefixPattern(keyPrefix);
    if (channel === undefined) return;
    this.dropCaches = async (signal, now) => {
      signal.throwIfAborted();
      return await this.#explained(publishCacheClear(redis, channel, now));
    };
  }

  /** Exact on a keyspace at rest; SCAN may count a key twice while the server resizes its table. */
  async count(signal: AbortSignal): Promise<number> {
    let count = 0;
    for await (const keys of this.#scan(this.#pattern, signal)) count += this.#own(keys).length;
    return count;
  }

  async clear({ signal, onProgress }: ClearOptions): Promise<number> {
    let cleared = 0;
    // The next SCAN is sent while the UNLINK runs: the two together cost little more than one.
    let unlinking = Promise.resolve(0);
    const settle = async () => {
      cleared += await unlinking;
      unlinking = Promise.resolve(0);
      onProgress(cleared);
    };
    try {
      for await (const keys of this.#scan(this.#pattern, signal)) {
        await settle();
        unlinking = this.#unlink(this.#own(keys));
        unlinking.catch(() => {}); // awaited by the next settle(), whatever happens first
      }
    } finally {
      await settle();
    }
    return cleared;
  }

  async lookAlikes(signal: AbortSignal): Promise<readonly LookAlike[]> {
    const counts = new Map<string, number>();
    const decoder = new TextDecoder();
    for await (const keys of this.#scan("*session:*", signal)) {
      for (const key of keys) {
        if (startsWith(key, this.#prefix)) continue;
        const prefix = sessionPrefixOf(decoder.decode(key));
        if (prefix === undefined || (counts.size >= LOOK_ALIKE_LIMIT && !counts.has(prefix))) {
          continue;
        }
        counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      }
    }
    return [...counts]
      .map(([prefix, count]) => ({ pattern: `${prefix}*`, count }))
      .sort((a, b) => b.count - a.count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }

  async *#scan(pattern: string, signal: AbortSignal): AsyncGenerator<Buffer[]> {
    let cursor = "0";
    do {
      signal.throwIfAborted();
      const [next, keys] = await this.#explained(
        this.#redis.scanBuffer(cursor, "MATCH", pattern, "COUNT", BATCH),
      );
      cursor = String(next);
      if (!/^\d+$/.test(cursor) || !Array.isArray(keys)) {
        throw new OperationError(`What answers at ${this.#endpoint.address} is no Redis`);
      }
      if (keys.length > 0) yield keys;
    } while (cursor !== "0");
  }

  /** The server has matched the prefix already; what is removed is checked once more. */
  #own(keys: Buffer[]): Buffer[] {
    return keys.filter((key) => startsWith(key, this.#prefix));
  }

  async #unlink(keys: Buffer[]): Promise<number> {
    if (keys.length === 0) return 0;
    return await this.#explained(this.#redis.unlink(keys));
  }

  async #explained<T>(reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      throw explainRedisError(error, this.#endpoint);
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
