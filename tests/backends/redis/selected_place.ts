/** A Redis with sessions of several users, for the tests of selections. */
import { Redis } from "ioredis";
import type { ClearCounts, ClearOptions, Sessions } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import type { Selection } from "../../../src/core/selection.ts";
import { pausingProxy } from "../../support/network/pausing_proxy.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { onlyOf } from "../conformance_selections.ts";
import { context, payloadOf, type SavedSession } from "../subject.ts";

const { signal } = new AbortController();

export const USER_42: Selection = [{ fact: "user", oneOf: ["42"] }];

const HOUR = 3_600_000;

export function session(id: string, user: string | null): SavedSession {
  const now = Date.now();
  return {
    ...{ id, user, createdAt: now - HOUR, visitedAt: now - HOUR, expiresAt: now + HOUR },
    ...{ ip: null, userAgent: null },
  };
}

export interface PlaceOptions {
  /** The app's secret. */
  readonly secret?: string;
  /** Its SESSION_SECRET_PREVIOUS. */
  readonly previous?: string;
  /** More arguments of redis-server. */
  readonly args?: readonly string[];
  /** What a user `azu` may do; without it, azu logs in as nobody. */
  readonly rights?: readonly string[];
  /** Called before each request of azu. If it throws, the connection is cut. */
  before?(request: string, client: Redis): Promise<unknown> | void;
}

/** A server, a client of the test, and a store of azu. */
export async function place({ secret, previous, args = [], rights, before }: PlaceOptions = {}) {
  const server = await startRedis({ args });
  const client = new Redis(server.url);
  if (rights !== undefined) {
    await client.call("ACL", "SETUSER", "azu", "on", ">pw", "~session:*", ...rights);
  }
  const proxy = pausingProxy(server.port, (request) => before?.(request, client));
  const url = `redis://${rights === undefined ? "" : "azu:pw@"}127.0.0.1:${proxy.port}`;
  const backend = bindBackend("redis", { url, keyPrefix: "session:" }, {
    ...context,
    env(name) {
      if (name === "SESSION_SECRET") return secret;
      return name === "SESSION_SECRET_PREVIOUS" ? previous : undefined;
    },
  });
  const store = await backend.connect(signal);
  return {
    ...{ client, store },
    only: (selection: Selection = USER_42) => onlyOf(store, selection),
    async save(...sessions: readonly SavedSession[]) {
      const pipeline = client.pipeline();
      for (const each of sessions) {
        const key = `session:${each.id}`;
        if (each.expiresAt === null) pipeline.set(key, payloadOf(each));
        else pipeline.set(key, payloadOf(each), "PXAT", each.expiresAt);
      }
      await pipeline.exec();
    },
    /** Half of these sessions are of the user 42. */
    async fill(count: number) {
      await this.save(
        ...Array.from({ length: count }, (_, index) => {
          return session(`s${index}`, index % 2 === 0 ? "42" : "7");
        }),
      );
    },
    ids: async () => (await client.keys("session:*")).map((key) => key.slice(8)).sort(),
    /** How often the server was asked a command. */
    async asked(command: string): Promise<number> {
      const stats = await client.info("commandstats");
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      proxy[Symbol.dispose]();
      client.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

export async function clear(
  sessions: Sessions,
  options: Partial<ClearOptions> = {},
): Promise<ClearCounts> {
  const counts = await sessions.clear({ signal, onProgress() {}, ...options });
  if (typeof counts === "number") throw new Error("a store that only counts");
  return counts;
}
