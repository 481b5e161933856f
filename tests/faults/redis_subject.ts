/** A Redis with sessions and other keys, for tests that disturb the connection to it. */
import { Redis } from "ioredis";
import { bindBackend } from "../../src/backends/registry.ts";
import { context } from "../backends/subject.ts";
import type { Certificates } from "../support/servers/certificates.ts";
import { startRedis } from "../support/servers/redis.ts";
import type { Subject } from "./sweep.ts";

const SESSIONS = 1200;

/** What the id of each session begins with: no other text contains it. */
const ID = "qzqz-";

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
  const meant = isSelective ? prefix + ID : prefix;
  const through = (port: number) => server.url.replace(/\d+$/, `${port}`);
  const backend = (port: number) =>
    bindBackend("redis", { url: through(port), keyPrefix: prefix, ...tls }, CONTEXT);
  return {
    ...{ name: "redis", url: server.url, port: server.port, backend, through, selection },
    protocol: own === undefined ? "redis" : "tls",
    own: backend(server.port),
    id: new RegExp(ID),
    async fill() {
      const script = "for i = 1, ARGV[2] do redis.call('SET', ARGV[1] .. i, ARGV[3]) end";
      await client.eval(script, 0, prefix + ID, SESSIONS, '{"user_id":42}');
      if (isSelective) await client.eval(script, 0, `${prefix}kept-`, SESSIONS, '{"user_id":1}');
      return SESSIONS;
    },
    sessions: async () => (await client.keys(`${meant}*`)).length,
    async neighbours() {
      const all = await client.keys("*");
      return all.filter((key) => !key.startsWith(meant)).sort();
    },
    others: async () => String(await client.client("LIST")).trim().split("\n").length - 1,
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}
