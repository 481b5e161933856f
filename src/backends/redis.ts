import * as v from "valibot";
import { UsageError } from "../core/errors.ts";
import { duration, options, text, url, whole } from "../core/schema.ts";
import { printable } from "../core/text.ts";
import type { Backend, BackendContext } from "./contract.ts";
import { parseRedisUrl, REDIS_URL_SHAPE, redisUrlProblem } from "./redis_url.ts";

const DEFAULT_URL = "redis://localhost:6379";

export const redisOptions = options({
  /** Where Redis is; default: `REDIS_URL`, else `redis://localhost:6379`. */
  url: v.optional(url(redisUrlProblem)),
  /** What every session key starts with; default `"<app>:session:"`. */
  keyPrefix: v.optional(
    text("a key prefix of at least one character", (prefix) => prefix !== ""),
  ),
  /** Connections that the app holds open; default 5. */
  poolSize: v.optional(whole(1, 1000)),
  /** How long the app waits for a free connection; default `"5s"`. */
  poolTimeout: v.optional(duration()),
});

/** What a Redis backend may be told; everything has a default. */
export type RedisOptions = v.InferInput<typeof redisOptions>;

/** Sessions as Redis keys, all of them under one prefix. */
export function bindRedis(
  chosen: v.InferOutput<typeof redisOptions>,
  context: BackendContext,
): Backend {
  const endpoint = parseRedisUrl(chosen.url ?? urlFromEnvironment(context));
  const keyPrefix = context.stated.keyPrefix ?? chosen.keyPrefix ?? defaultPrefix(context.app);
  if (keyPrefix === "") {
    throw new UsageError("The app's initializer states an empty key prefix: refused", {
      hint: "Without a prefix, every key of the database would be a session",
    });
  }
  const pattern = `${keyPrefix}*`;
  return {
    name: "redis",
    capabilities: { clear: true, createTable: false },
    describe: () => ({ address: endpoint.address, pattern }),
    announce: () => [
      `Redis URL: ${endpoint.address}`,
      `Clearing Redis sessions with pattern: ${printable(pattern)}`,
    ],
    setup: {
      template: "redis",
      shards: [{ name: "redis", github: "stefanwille/crystal-redis" }],
      requires: ["redis"],
      variables: [{ name: "REDIS_URL", shape: REDIS_URL_SHAPE }],
      values: {
        keyPrefix,
        poolSize: chosen.poolSize ?? 5,
        poolTimeout: chosen.poolTimeout ?? 5000,
      },
    },
    async connect(signal) {
      const { openRedisStore } = await import("./redis_store.ts");
      return openRedisStore(endpoint, keyPrefix, signal);
    },
  };
}

/** The session shard's own prefix is `session:`; an app that has a name gets one of its own. */
function defaultPrefix(app: string | undefined): string {
  return app === undefined ? "session:" : `${app}:session:`;
}

function urlFromEnvironment(context: BackendContext): string {
  const fromEnvironment = context.env("REDIS_URL");
  if (fromEnvironment === undefined) return DEFAULT_URL;
  const problem = redisUrlProblem(fromEnvironment);
  if (problem !== undefined) throw new UsageError(`REDIS_URL: ${problem}`);
  return fromEnvironment;
}
