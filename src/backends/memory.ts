import * as v from "valibot";
import { duration, options } from "../core/schema.ts";
import type { Backend } from "./contract.ts";

export const memoryOptions = options({
  /** How often the app removes expired sessions; default `"5m"`. */
  cleanupInterval: v.optional(duration()),
});

/** The options of a memory backend; all have defaults. */
export type MemoryOptions = v.InferInput<typeof memoryOptions>;

/** Sessions in the app's process, which nothing outside can reach. */
export function bindMemory(chosen: v.InferOutput<typeof memoryOptions>): Backend {
  return {
    name: "memory",
    capabilities: {
      clear: {
        whyNot: "Memory sessions cannot be cleared remotely",
        instead: "Restart the application to clear memory sessions",
      },
      createTable: false,
    },
    describe: () => ({}),
    setup: {
      template: "memory",
      shards: [],
      requires: [],
      variables: [],
      values: { cleanupInterval: chosen.cleanupInterval ?? 300_000 },
    },
    connect: () => Promise.reject(new TypeError("memory sessions have no store to connect to")),
  };
}

/** Sessions in the visitors' browsers (the shard's `CookieStore`). A config cannot select it. */
export function bindCookie(): Backend {
  return {
    name: "cookie",
    capabilities: {
      clear: {
        whyNot: "Cookie sessions live in the visitors' browsers and cannot be cleared remotely",
        instead: "Change SESSION_SECRET and restart the application to invalidate them all",
      },
      createTable: false,
    },
    describe: () => ({}),
    connect: () => Promise.reject(new TypeError("cookie sessions have no store to connect to")),
  };
}
