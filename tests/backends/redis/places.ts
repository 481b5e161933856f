/** Redis for the conformance tests: a standalone server, a cluster, a master behind sentinels. */
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { bindBackend } from "../../../src/backends/registry.ts";
import { startCluster } from "../../support/servers/redis_cluster.ts";
import { MASTER, startSentinels } from "../../support/servers/redis_sentinel.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { context, type Fixture, payloadOf, type Place } from "../subject.ts";

/** The servers, and connections to them that bypass azu. */
interface Servers extends AsyncDisposable {
  readonly url: string;
  readonly clients: readonly Redis[];
  /** The client of the server that a key belongs to. */
  clientOf(key: Uint8Array): Redis;
}

export async function alone(): Promise<Place<string>> {
  const server = await startRedis();
  const client = new Redis(server.url);
  return place({
    ...{ url: server.url, clients: [client], clientOf: () => client },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  });
}

export async function cluster(): Promise<Place<string>> {
  const started = await startCluster({ replicas: false });
  return place({
    url: started.url,
    clients: started.masters.map(({ client }) => client),
    clientOf: (key) => started.masterOf(key).client,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  });
}

export async function behindSentinels(): Promise<Place<string>> {
  const started = await startSentinels();
  const { client } = started.master;
  return place({
    ...{ url: `redis+sentinel://${started.hosts}/${MASTER}`, clients: [client] },
    clientOf: () => client,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  });
}

function place(servers: Servers): Place<string> {
  return {
    fixture: (keyPrefix = "app:session:") => fixture(servers, keyPrefix),
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

type Key = string | Buffer;

const VALUE = '{"user_id":1}';

async function fixture(servers: Servers, keyPrefix: string): Promise<Fixture> {
  const prefix = Buffer.from(keyPrefix);
  const under = (id: Key) => Buffer.concat([prefix, Buffer.from(id)]);
  const at = (id: Key) => servers.clientOf(under(id));
  const isOurs = (key: Buffer) => key.subarray(0, prefix.length).equals(prefix);
  const keys = async () =>
    (await Promise.all(servers.clients.map((client) => client.keysBuffer("*")))).flat();
  await Promise.all(
    neighbours(prefix).filter((key) => !isOurs(key)).map((key) =>
      servers.clientOf(key).set(key, "x")
    ),
  );
  let next = 0;
  return {
    backend: bindBackend("redis", { url: servers.url, keyPrefix }, context),
    put: (count) => all(count, (index) => at(`s${index}`).setex(under(`s${index}`), 3600, VALUE)),
    async insert(payload = Buffer.from(VALUE)) {
      const id = `new${next++}`;
      await at(id).setex(under(id), 3600, Buffer.from(payload));
    },
    update: (from, upTo) =>
      all(upTo - from, (index) => {
        const id = `s${from + index}`;
        return at(id).set(under(id), VALUE, "EX", 3600, "XX");
      }),
    async old() {
      return (await keys()).filter((key) => isOurs(key) && key[prefix.length] === 0x73).length;
    },
    selectable: {
      cases: 2,
      keepsExpired: false,
      keepsForever: true,
      save: (sessions) =>
        all(sessions.length, async (index) => {
          const session = sessions[index];
          if (session === undefined) return;
          const key = under(session.id);
          const value = payloadOf(session);
          const { expiresAt } = session;
          if (expiresAt === null) await at(session.id).set(key, value);
          else await at(session.id).set(key, value, "PXAT", expiresAt);
        }),
      async ids() {
        const ours = (await keys()).filter(isOurs);
        return ours.map((key) => key.subarray(prefix.length).toString());
      },
    },
    takesCopies: true,
    putOdd: () => putOdd(at, under),
    async look() {
      const found = await keys();
      const others = found.filter((key) => !isOurs(key)).map((key) => key.toString("hex"));
      return { sessions: found.length - others.length, neighbours: others.sort() };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.clients.map((client) => client.flushall()));
    },
  };
}

async function all(count: number, send: (index: number) => Promise<unknown>): Promise<void> {
  for (let begin = 0; begin < count; begin += 1000) {
    const length = Math.min(1000, count - begin);
    await Promise.all(Array.from({ length }, (_, index) => send(begin + index)));
  }
}

/** Values of every type, ids that are not text, and a key that is the prefix itself. */
async function putOdd(at: (id: Key) => Redis, under: (id: Key) => Buffer): Promise<number> {
  const ids = ["", "\0", "\r\n", "*", "{a}", Buffer.from([0xff, 0xc3]), "i".repeat(1 << 16)];
  for (const id of ids) await at(id).set(under(id), VALUE);
  await at("hash").hset(under("hash"), "field", VALUE);
  await at("list").rpush(under("list"), VALUE, VALUE);
  await at("set").sadd(under("set"), VALUE);
  await at("sorted").zadd(under("sorted"), 1, VALUE);
  await at("stream").xadd(under("stream"), "*", "field", VALUE);
  return ids.length + 5;
}

/** Keys that resemble the prefix. Some may be under it: filter those out. */
function neighbours(prefix: Buffer): Buffer[] {
  const text = prefix.toString();
  const end = prefix.subarray(0, -1); // cuts through a character that has several bytes
  const texts = [
    ...["session:2", "app:session", "app:sessions:1", "xapp:session:1", `x${text}1`],
    text.replace(/[*?[\]\\^]/g, "a") + "1",
    text.replaceAll("\\", "") + "1",
    ...[text.toUpperCase(), text.toLowerCase(), text.normalize("NFC"), text.normalize("NFD")],
  ];
  const keys = [
    ...texts.map((each) => Buffer.from(each)),
    ...[end, Buffer.concat([end, Buffer.from([0xff, 0x31])]), Buffer.from(text, "latin1")],
  ];
  return keys.filter((key) => key.length > 0);
}
