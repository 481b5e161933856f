/** A Redis of the soak's own. */
import { isList, type Reply } from "../../src/backends/redis/resp/protocol.ts";
import { RespConnection } from "../../src/backends/redis/resp/connection.ts";
import { startRedis } from "../../tests/support/redis.ts";
import type { Azu } from "./azu.ts";
import type { SoakStore } from "./soak_store.ts";

const PREFIX = "shop:session:";
const DATA = "x".repeat(200);
const TTL = 86_400;

export async function soakRedis(azu: Azu): Promise<SoakStore> {
  const server = await startRedis();
  const connection = await RespConnection.open(
    { host: "127.0.0.1", port: server.port },
    { connect: 5000, silence: 30_000 },
    new AbortController().signal,
  );
  const create = async (id: string) => {
    await connection.call("SET", PREFIX + id, DATA, "EX", TTL);
  };
  return {
    name: "Redis",
    create,
    createMany: async (ids) => void await Promise.all(ids.map(create)),
    async visit(id) {
      const data = await connection.call("GET", PREFIX + id);
      if (data instanceof Uint8Array) {
        await connection.call("SET", PREFIX + id, data, "XX", "EX", TTL);
      }
    },
    async ids() {
      const keys = await connection.call("KEYS", `${PREFIX}*`);
      return isList(keys) ? keys.map((key) => textOf(key).slice(PREFIX.length)) : [];
    },
    async memory() {
      const info = textOf(await connection.call("INFO", "memory"));
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? NaN);
    },
    clear: () => azu.redis(server.url),
    async [Symbol.asyncDispose]() {
      connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function textOf(reply: Reply): string {
  return reply instanceof Uint8Array ? new TextDecoder().decode(reply) : "";
}
