/** Waiting for a Redis that is busy when azu connects, or slow to answer. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runAzu } from "../../../support/cli.ts";
import { needs } from "../../../support/env.ts";
import { pollUntil } from "../../../support/poll.ts";
import { observer, release } from "../../../support/servers/redis_cluster.ts";
import { startRedis } from "../../../support/servers/redis.ts";
import { tempDir } from "../../../support/temp.ts";

const redisNeeded = needs("redis-server");

async function clear(url: string, args: readonly string[] = []) {
  await using app = await tempDir();
  const result = await runAzu(["session:clear", "--force", "--json", ...args], {
    ...{ cwd: app.path, env: { REDIS_URL: url }, timeoutMs: 100_000 },
  });
  const { outcome, cleared, remaining } = JSON.parse(result.stdout);
  deepStrictEqual([result.code, outcome, remaining], [0, "cleared", 0], result.stderr);
  return cleared;
}

async function place(args: readonly string[]) {
  const server = await startRedis({ args });
  const client = observer(server.url);
  return {
    ...{ server, client },
    async [Symbol.asyncDispose]() {
      release(client);
      await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test(
  "redis: a clear with a database number waits for the end of a script",
  redisNeeded,
  async () => {
    await using redis = await place(["--busy-reply-threshold", "100"]);
    const { client, server } = redis;
    await client.select(1);
    for (let index = 0; index < 100; index++) await client.set(`session:${index}`, "x");
    const script = "while redis.call('TIME')[1] < ARGV[1] do end";
    const busy = client.eval(script, 0, Math.ceil(Date.now() / 1000) + 4).catch(() => {});
    strictEqual(await clear(`${server.url}/1`), 100);
    await busy;
  },
);

Deno.test("cluster: a clear waits for a node that is loading its data", redisNeeded, async () => {
  const args = [
    ...["--cluster-enabled", "yes", "--enable-debug-command", "yes"],
    ...["--loading-process-events-interval-bytes", "1024"],
  ];
  await using redis = await place(args);
  const { client, server } = redis;
  await client.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383);
  await pollUntil("the cluster to be up", async () => {
    return /cluster_state:ok/.test(String(await client.cluster("INFO")));
  });
  for (let index = 0; index < 2000; index++) await client.set(`session:${index}`, "x");
  await client.config("SET", "key-load-delay", "2500"); // microseconds
  const reloading = client.call("DEBUG", "RELOAD").catch(() => {});
  strictEqual(await clear(server.url), 2000);
  await reloading;
});

/** A proxy that delays the first answer on each connection by `delay` ms. */
function slowToBegin(to: number, delay: number): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: to });
      client.readable.pipeTo(server.writable).catch(() => {});
      let wait = delay;
      const slow = new TransformStream<Uint8Array, Uint8Array>({
        async transform(bytes, controller) {
          await new Promise((resolve) => setTimeout(resolve, wait));
          wait = 0;
          controller.enqueue(bytes);
        },
      });
      server.readable.pipeThrough(slow).pipeTo(client.writable).catch(() => {});
    }
  })().catch(() => {}); // ends when the listener is closed
  return listener;
}

Deno.test("redis: logging in may take as long as --timeout allows", redisNeeded, async () => {
  await using redis = await place([]);
  await redis.client.set("session:1", "x");
  using slow = slowToBegin(redis.server.port, 15_500);
  const url = `redis://127.0.0.1:${slow.addr.port}`;
  strictEqual(await clear(url, ["--timeout", "25s"]), 1);
});
