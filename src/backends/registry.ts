import * as v from "valibot";
import type { Backend, BackendContext, BackendFactory } from "./contract.ts";
import { customBackend } from "./custom.ts";
import { bindDatabase, databaseOptions } from "./sql/backend.ts";
import { bindMemory, memoryOptions } from "./memory.ts";
import { bindRedis, redisOptions } from "./redis/backend.ts";

interface Definition {
  bind(options: unknown, context: BackendContext): Backend;
}

function define<const S extends v.GenericSchema>(
  schema: S,
  bind: (options: v.InferOutput<S>, context: BackendContext) => Backend,
): Definition {
  return { bind: (options, context) => bind(v.parse(schema, options), context) };
}

/** The built-in backends. A config may bring more. */
const registry = {
  redis: define(redisOptions, bindRedis),
  database: define(databaseOptions, bindDatabase),
  memory: define(memoryOptions, bindMemory),
} as const satisfies Record<string, Definition>;

export type BackendType = keyof typeof registry;

export const backendTypes = ["redis", "database", "memory"] as const satisfies BackendType[];

export function isBackendType(name: string): name is BackendType {
  return Object.hasOwn(registry, name);
}

/** A valid value of `session.backends.<name>`. */
export type BackendEntry = BackendFactory | Readonly<Record<string, unknown>>;

/**
 * Makes the backend of a config entry.
 * @param name Its key in `session.backends`, or the name of a built-in backend.
 * @param entry Options, a factory, or undefined for a built-in backend's defaults.
 */
export function bindBackend(
  name: string,
  entry: BackendEntry | undefined,
  context: BackendContext,
): Backend {
  if (typeof entry === "function") return customBackend(entry, name, context);
  const { type = name, ...options } = entry ?? {};
  if (typeof type !== "string" || !isBackendType(type)) {
    throw new TypeError(`There is no backend of the type ${String(type)}`);
  }
  const backend = registry[type].bind(options, context);
  return backend.name === name ? backend : { ...backend, name };
}
