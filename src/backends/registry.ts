import * as v from "valibot";
import { messageOf, UsageError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import type { Backend, BackendContext, BackendFactory } from "./contract.ts";
import { bindDatabase, databaseOptions } from "./sql/backend.ts";
import { bindMemory, memoryOptions } from "./memory.ts";
import { bindRedis } from "./redis/backend.ts";
import { redisOptions } from "./redis/options.ts";

/** A built-in backend: what its options must be, and how it is made from them. */
interface Definition {
  bind(options: unknown, context: BackendContext): Backend;
}

function define<const S extends v.GenericSchema>(
  schema: S,
  bind: (options: v.InferOutput<S>, context: BackendContext) => Backend,
): Definition {
  return { bind: (options, context) => bind(v.parse(schema, options), context) };
}

/** The backends that this tool brings; a config may bring more. */
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

/** What `session.backends.<name>` may hold once validated. */
export type BackendEntry = BackendFactory | Readonly<Record<string, unknown>>;

/**
 * Makes the backend that a config entry describes.
 * @param name Its key under `session.backends`, or a built-in backend's name.
 * @param entry Options, a factory, or undefined for a built-in backend's defaults.
 */
export function bindBackend(
  name: string,
  entry: BackendEntry | undefined,
  context: BackendContext,
): Backend {
  if (typeof entry === "function") return madeBy(entry, name, context);
  const { type = name, ...options } = entry ?? {};
  if (typeof type !== "string" || !isBackendType(type)) {
    throw new TypeError(`no backend of the type ${String(type)}`);
  }
  const backend = registry[type].bind(options, context);
  return backend.name === name ? backend : { ...backend, name };
}

const backendShape = v.looseObject({
  name: v.string(),
  capabilities: v.looseObject({
    clear: v.union([v.literal(true), v.looseObject({ whyNot: v.string(), instead: v.string() })]),
    createTable: v.boolean(),
    truncate: v.optional(v.boolean()),
    replicas: v.optional(v.boolean()),
  }),
  describe: v.function(),
  connect: v.function(),
  nodeCache: v.optional(v.looseObject({ channel: v.string(), cacheTtl: v.number() })),
});

/** A backend of the config's own; what it throws, or what it lacks, is the config's error. */
function madeBy(factory: BackendFactory, name: string, context: BackendContext): Backend {
  const where = `session.backends.${name}`;
  let made: Backend;
  try {
    made = factory(context);
  } catch (error) {
    throw new UsageError(`${where}: ${redact(messageOf(error))}`, { cause: error });
  }
  const checked = v.safeParse(backendShape, made);
  if (checked.success) return made;
  const wrong = checked.issues.map((issue) => v.getDotPath(issue) ?? "the value itself");
  throw new UsageError(
    `${where}: expected a function that returns a backend (name, capabilities, describe, ` +
      `connect), got one with a wrong ${wrong.join(", ")}`,
  );
}
