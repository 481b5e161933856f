/** Whose nodes keep caches, and where they listen: what the config says and what the app states. */
import { deepStrictEqual } from "node:assert/strict";
import type { Stated } from "../../../src/backends/contract.ts";
import { bindBackend } from "../../../src/backends/registry.ts";

const CHANNEL = "session:cluster:invalidate";

function clusterOf(options: Record<string, unknown>, stated: Stated = {}) {
  const context = { app: "app", root: "/", env: () => undefined, driver: undefined, stated };
  const { cluster, setup } = bindBackend("redis", options, context);
  deepStrictEqual(setup?.values.cluster, cluster);
  return cluster;
}

Deno.test("redis: no node keeps caches unless somebody says so", () => {
  deepStrictEqual(clusterOf({}), undefined);
  deepStrictEqual(clusterOf({ cluster: false }), undefined);
  deepStrictEqual(clusterOf({}, { channel: "c" }), undefined);
  deepStrictEqual(clusterOf({ cluster: true }, { clustered: false }), undefined);
});

Deno.test("redis: the config's cluster, with the shard's defaults", () => {
  const defaults = { channel: CHANNEL, cacheTtl: 30_000 };
  deepStrictEqual(clusterOf({ cluster: true }), defaults);
  deepStrictEqual(clusterOf({ cluster: {} }), defaults);
  deepStrictEqual(clusterOf({ cluster: { channel: "c" } }), { ...defaults, channel: "c" });
  deepStrictEqual(clusterOf({ cluster: { cacheTtl: "2m" } }), { ...defaults, cacheTtl: 120_000 });
});

Deno.test("redis: what the app states wins", () => {
  const stated = { clustered: true, channel: "app" };
  deepStrictEqual(clusterOf({}, stated), { channel: "app", cacheTtl: 30_000 });
  deepStrictEqual(clusterOf({ cluster: false }, stated), { channel: "app", cacheTtl: 30_000 });
  const cluster = { channel: "config", cacheTtl: "1s" };
  deepStrictEqual(clusterOf({ cluster }, stated), { channel: "app", cacheTtl: 1000 });
  deepStrictEqual(clusterOf({ cluster }, { clustered: true }), {
    channel: "config",
    cacheTtl: 1000,
  });
});
