/** Whether the app's nodes cache sessions, and their channel: the config, or the initializer. */
import { deepStrictEqual } from "node:assert/strict";
import type { Stated } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";
import { context } from "../subject.ts";

const CHANNEL = "session:cluster:invalidate";

function nodeCacheOf(options: Record<string, unknown>, stated: Stated = {}) {
  const { nodeCache, setup } = bindBackend("redis", options, { ...context, stated });
  deepStrictEqual(setup?.values.nodeCache, nodeCache);
  return nodeCache;
}

Deno.test("redis: by default, the nodes do not cache", () => {
  deepStrictEqual(nodeCacheOf({}), undefined);
  deepStrictEqual(nodeCacheOf({ cluster: false }), undefined);
  deepStrictEqual(nodeCacheOf({}, { channel: "c" }), undefined);
  deepStrictEqual(nodeCacheOf({ cluster: true }, { clustered: false }), undefined);
});

Deno.test("redis: the config's cluster option, with the shard's defaults", () => {
  const defaults = { channel: CHANNEL, cacheTtl: 30_000 };
  deepStrictEqual(nodeCacheOf({ cluster: true }), defaults);
  deepStrictEqual(nodeCacheOf({ cluster: {} }), defaults);
  deepStrictEqual(nodeCacheOf({ cluster: { channel: "c" } }), { ...defaults, channel: "c" });
  deepStrictEqual(nodeCacheOf({ cluster: { cacheTtl: "2m" } }), { ...defaults, cacheTtl: 120_000 });
});

Deno.test("redis: the initializer wins over the config", () => {
  const stated = { clustered: true, channel: "app" };
  deepStrictEqual(nodeCacheOf({}, stated), { channel: "app", cacheTtl: 30_000 });
  deepStrictEqual(nodeCacheOf({ cluster: false }, stated), { channel: "app", cacheTtl: 30_000 });
  const cluster = { channel: "config", cacheTtl: "1s" };
  deepStrictEqual(nodeCacheOf({ cluster }, stated), { channel: "app", cacheTtl: 1000 });
  deepStrictEqual(nodeCacheOf({ cluster }, { clustered: true }), {
    channel: "config",
    cacheTtl: 1000,
  });
});
