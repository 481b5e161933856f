/** Telling the app's nodes, if not every server can be reached. */
import { rejects, strictEqual } from "node:assert/strict";
import { RedisNodes } from "../../../src/backends/redis/nodes.ts";
import { publish } from "../../../src/backends/redis/publish.ts";
import type { Topology } from "../../../src/backends/redis/topology.ts";
import { parseRedisUrl } from "../../../src/backends/redis/url.ts";
import { needs } from "../../support/env.ts";
import { observer, release } from "../../support/servers/redis_cluster.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { freePort } from "../../support/servers/server.ts";

/** Masters on these ports of 127.0.0.1. */
class Masters extends RedisNodes {
  readonly #ports: readonly number[];

  constructor(url: string, ports: readonly number[]) {
    super({ endpoint: parseRedisUrl(url), tls: undefined, connectTimeout: 5000 });
    this.#ports = ports;
  }

  override topology(): Promise<Topology> {
    const masters = this.#ports.map((port) => ({
      host: "127.0.0.1",
      port,
      slots: "",
      id: `${port}`,
    }));
    return Promise.resolve({ masters, fingerprint: "", covered: true });
  }
}

Deno.test("publish fails if one master does not answer", needs("redis-server"), async () => {
  await using server = await startRedis();
  const listener = observer(server.url);
  await listener.subscribe("channel");
  const { signal } = new AbortController();
  using one = new Masters(server.url, [server.port]);
  strictEqual(await publish(one, "channel", "message", signal), 1);
  using two = new Masters(server.url, [server.port, freePort()]);
  await rejects(
    publish(two, "channel", "message", signal),
    /nothing listens there at 127\.0\.0\.1/,
  );
  release(listener);
});
