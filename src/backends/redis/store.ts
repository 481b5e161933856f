import { Buffer } from "node:buffer";
import type { ClearCounts, ClearOptions, LookAlike, LookOptions, Store } from "../contract.ts";
import { redisClear } from "./clear.ts";
import { explainRedisError } from "./errors.ts";
import { countKeys, lookAlikesOf } from "./look.ts";
import { RedisNodes } from "./nodes.ts";
import { cacheClearMessage, publish } from "./publish.ts";
import { Removal } from "./removal.ts";
import { followers } from "./replicas.ts";
import { whenFree } from "./retry.ts";
import { checkSeeds } from "./seeds.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { prefixPattern, type RedisEndpoint } from "./url.ts";
import type { KeySpace } from "./walk.ts";

/** The sessions of one app. */
export interface RedisSessions {
  readonly keyPrefix: string;
  /** The channel on which the app's nodes listen; undefined if they do not cache. */
  readonly channel: string | undefined;
}

/** How to connect to a Redis. */
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
    return new RedisStore(nodes, sessions);
  } catch (error) {
    nodes[Symbol.dispose]();
    signal.throwIfAborted();
    throw explainRedisError(error, endpoint);
  }
}

async function connect(nodes: RedisNodes, signal: AbortSignal): Promise<void> {
  const { masters: [first] } = await nodes.topology(signal);
  if (first === undefined) return;
  const node = await nodes.node(first, signal);
  if (node.mode === "cluster") await checkSeeds(nodes, node, signal);
}

class RedisStore implements Store {
  readonly #nodes: RedisNodes;
  readonly #keys: KeySpace;
  /** What the last clear removed. */
  #removal = new Removal(0);
  readonly dropCaches?: NonNullable<Store["dropCaches"]>;

  constructor(nodes: RedisNodes, { keyPrefix, channel }: RedisSessions) {
    this.#nodes = nodes;
    this.#keys = {
      pattern: Buffer.from(prefixPattern(keyPrefix)),
      prefix: Buffer.from(keyPrefix),
    };
    if (channel === undefined) return;
    this.dropCaches = async (signal, now) => {
      return await publish(this.#nodes, channel, cacheClearMessage(now), signal);
    };
  }

  async count(signal: AbortSignal, options: LookOptions = {}): Promise<number> {
    return await countKeys(this.#nodes, this.#keys, signal, options);
  }

  async clear(options: ClearOptions): Promise<ClearCounts> {
    this.#removal = new Removal(this.#keys.prefix.length);
    return await redisClear(this.#nodes, this.#keys, options, this.#removal).run();
  }

  async clearAgain(options: ClearOptions, isLast: boolean): Promise<ClearCounts> {
    return await redisClear(this.#nodes, this.#keys, options, this.#removal).runAgain(isLast);
  }

  async lookAlikes(signal: AbortSignal, options: LookOptions = {}): Promise<readonly LookAlike[]> {
    return await lookAlikesOf(this.#nodes, this.#keys.prefix, signal, options);
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
}
