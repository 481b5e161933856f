/** A Redis with sessions and other keys, for tests that disturb the connection to it. */
import { Redis } from "ioredis";
import { bindBackend } from "../../src/backends/registry.ts";
import { context } from "../backends/subject.ts";
import type { Certificates } from "../support/servers/certificates.ts";
import { startRedis } from "../support/servers/redis.ts";
import { ENDLESS, type Subject } from "./sweep.ts";

/** Fewer to be given a lifetime, because each of them is a request. */
const SESSIONS = 1200;
const ENDLESS_SESSIONS = 250;

/** What the id of each session begins with: no other text contains it. */
const ID = "qzqz-";

/** Gives keys with these numbers a lifetime that differs from what azu gives. */
const EXPIRE = "for i = 1, ARGV[2] do redis.call('EXPIREAT', ARGV[1] .. i, 4102444800) end";

const COUNT_ENDLESS = `local found = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  if redis.call('PTTL', key) == -1 then found = found + 1 end
end
return found`;

const CONTEXT = { ...context, app: "shop" };

/**
 * Starts a server, with TLS if there are certificates.
 * @param selection Which sessions to remove; others are then beside them.
 */
export async function redisSubject(
  own?: Certificates,
  selection: Subject["selection"] = [],
): Promise<Subject> {
  const server = await startRedis(own === undefined ? {} : { tls: own.args("server", "no") });
  const ca = `${own?.path}/ca.crt`;
  const tls = own === undefined ? {} : { tls: { ca } };
  const client = new Redis(
    server.url,
    own === undefined ? {} : { tls: { ca: await Deno.readTextFile(ca) } },
  );
  const prefix = "shop:session:";
  const others = Object.fromEntries(
    ["shop:sessions:1", "shop:session", "xshop:session:1", "cart:1"].map((key) => [key, "x"]),
  );
  await client.mset(others);
  const isSelective = selection.length > 0;
  const count = selection === ENDLESS ? ENDLESS_SESSIONS : SESSIONS;
  const meant = isSelective ? prefix + ID : prefix;
  const through = (port: number) => server.url.replace(/\d+$/, `${port}`);
  const backend = (port: number) =>
    bindBackend("redis", { url: through(port), keyPrefix: prefix, ...tls }, CONTEXT);
  return {
    ...{ name: "redis", url: server.url, port: server.port, backend, through, selection },
    protocol: own === undefined ? "redis" : "tls",
    own: backend(server.port),
    ...(selection === ENDLESS ? { batch: 70 } : {}),
    id: new RegExp(ID),
    async fill() {
      const script = "for i = 1, ARGV[2] do redis.call('SET', ARGV[1] .. i, ARGV[3]) end";
      await client.eval(script, 0, prefix + ID, count, '{"user_id":42}');
      if (isSelective) await client.eval(script, 0, `${prefix}kept-`, count, '{"user_id":1}');
      if (selection === ENDLESS) await client.eval(EXPIRE, 0, `${prefix}kept-`, count);
      return count;
    },
    async sessions() {
      if (selection === ENDLESS) return Number(await client.eval(COUNT_ENDLESS, 0, `${meant}*`));
      return (await client.keys(`${meant}*`)).length;
    },
    async neighbours() {
      const all = (await client.keys("*")).filter((key) => !key.startsWith(meant)).sort();
      return await Promise.all(all.map(async (key) => [key, await client.pexpiretime(key)]));
    },
    others: async () => String(await client.client("LIST")).trim().split("\n").length - 1,
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}
