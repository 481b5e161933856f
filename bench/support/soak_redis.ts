/** A Redis server for the soak test. */
import { Redis } from "ioredis";
import { startRedis } from "../../tests/support/servers/redis.ts";
import type { Azu } from "./azu.ts";
import type { SoakStore } from "./soak_store.ts";

const PREFIX = "shop:session:";
const DATA = "x".repeat(200);
const TTL = 86_400;

export async function soakRedis(azu: Azu): Promise<SoakStore> {
  const server = await startRedis();
  const client = new Redis(server.url);
  const create = async (id: string) => {
    await client.set(PREFIX + id, DATA, "EX", TTL);
  };
  return {
    name: "Redis",
    create,
    createMany: async (ids) => void await Promise.all(ids.map(create)),
    async visit(id) {
      const data = await client.get(PREFIX + id);
      if (data !== null) await client.set(PREFIX + id, data, "EX", TTL, "XX");
    },
    async ids() {
      return (await client.keys(`${PREFIX}*`)).map((key) => key.slice(PREFIX.length));
    },
    async memory() {
      const info = await client.info("memory");
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? NaN);
    },
    clear: () => azu.redis(server.url),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}
