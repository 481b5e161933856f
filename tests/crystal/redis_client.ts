/** A look into a Redis of the tests' own. */
import { Redis } from "ioredis";

export interface RedisClient extends AsyncDisposable {
  keys(pattern: string): Promise<string[]>;
  /** A key's value, a byte to a character. */
  raw(key: string): Promise<string>;
  del(...keys: string[]): Promise<number>;
}

export async function openRedis(port: number): Promise<RedisClient> {
  const redis = new Redis(port, "127.0.0.1", { lazyConnect: true, maxRetriesPerRequest: 1 });
  await redis.connect();
  return {
    keys: (pattern) => redis.keys(pattern),
    raw: async (key) => (await redis.getBuffer(key))?.toString("latin1") ?? "",
    del: (...keys) => redis.del(keys),
    async [Symbol.asyncDispose]() {
      await redis.quit();
    },
  };
}
