/** A master, its replica and three sentinels for one test: real servers on 127.0.0.1. */
import type { Redis } from "ioredis";
import { pollUntil } from "../poll.ts";
import { observer, release, REPLICATION_ARGS } from "./redis_cluster.ts";
import { type RedisServer, startRedis } from "./redis.ts";

/** The sentinels' name for the master. */
export const MASTER = "sessions";

export interface Sentinels extends AsyncDisposable {
  /** `127.0.0.1:<port>` of each sentinel, separated by commas. */
  readonly hosts: string;
  readonly sentinels: readonly RedisServer[];
  readonly master: { readonly server: RedisServer; readonly client: Redis };
  readonly replica: { readonly server: RedisServer; readonly client: Redis };
}

export interface SentinelOptions {
  /** The password that the sentinels require of clients and of each other. */
  readonly sentinelPassword?: string;
}

/** Starts all servers, and waits until each sentinel knows them. */
export async function startSentinels(options: SentinelOptions = {}): Promise<Sentinels> {
  await using starting = new AsyncDisposableStack();
  const node = async (args: readonly string[]) => {
    const server = starting.use(await startRedis({ args: [...REPLICATION_ARGS, ...args] }));
    const client = observer(server.url);
    starting.defer(() => release(client));
    return { server, client };
  };
  const master = await node([]);
  const replica = await node(["--replicaof", "127.0.0.1", `${master.server.port}`]);
  await pollUntil("the replica to follow", async () => {
    return /master_link_status:up/.test(await replica.client.info("replication"));
  });
  const sentinels: RedisServer[] = [];
  for (let index = 0; index < 3; index++) {
    sentinels.push(starting.use(await startSentinel(master.server.port, options)));
  }
  for (const { url } of sentinels) {
    const client = observer(withPassword(url, options));
    await pollUntil("the sentinels to know each other", async () => {
      const known = await client.call("SENTINEL", "MASTER", MASTER);
      const fields = Array.isArray(known) ? known.map(String) : [];
      const field = (name: string) => fields[fields.indexOf(name) + 1];
      return field("num-other-sentinels") === "2" && field("num-slaves") === "1";
    });
    release(client);
  }
  const started = starting.move();
  return {
    hosts: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(","),
    ...{ sentinels, master, replica },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function startSentinel(
  masterPort: number,
  { sentinelPassword }: SentinelOptions,
): Promise<RedisServer> {
  const password = sentinelPassword === undefined
    ? []
    : [`requirepass ${sentinelPassword}`, `sentinel sentinel-pass ${sentinelPassword}`];
  return await startRedis({
    sentinel: [
      ...password,
      `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 2`,
      // Longer than filling the master takes on a busy machine.
      `sentinel down-after-milliseconds ${MASTER} 4000`,
      `sentinel failover-timeout ${MASTER} 5000`,
      "",
    ],
  });
}

function withPassword(url: string, { sentinelPassword }: SentinelOptions): string {
  return sentinelPassword === undefined ? url : url.replace("//", () => `//:${sentinelPassword}@`);
}
