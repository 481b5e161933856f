/**
 * Backends that a config brings. Whatever their code returns or throws is checked here, so that
 * all other code can rely on the contract.
 */
import * as v from "valibot";
import { AzuError, messageOf, OperationError, UsageError } from "../core/errors.ts";
import { isRecord } from "../core/record.ts";
import { redact } from "../core/redact.ts";
import type {
  Backend,
  BackendContext,
  BackendFactory,
  ClearCounts,
  ClearOptions,
  LookAlike,
  LookOptions,
  Store,
  Target,
} from "./contract.ts";

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

/**
 * Makes the backend `session.backends.<name>` of a config.
 * @throws {UsageError} if the factory throws or does not return a backend.
 */
export function customBackend(
  factory: BackendFactory,
  name: string,
  context: BackendContext,
): Backend {
  const where = `session.backends.${name}`;
  let made: Backend;
  try {
    made = factory(context);
  } catch (error) {
    throw new UsageError(`${where}: ${redact(messageOf(error))}`, { cause: error });
  }
  const checked = v.safeParse(backendShape, made);
  if (checked.success) return checkedBackend(made);
  const wrong = checked.issues.map((issue) => v.getDotPath(issue) ?? "the value itself");
  throw new UsageError(
    `${where}: expected a function that returns a backend (name, capabilities, describe, ` +
      `connect), got one with a wrong ${wrong.join(", ")}`,
  );
}

function checkedBackend(made: Backend): Backend {
  const { name, capabilities, setup, nodeCache } = made;
  return {
    name,
    capabilities,
    ...(setup === undefined ? {} : { setup }),
    ...(nodeCache === undefined ? {} : { nodeCache }),
    describe: () => targetIn(explained(made, () => made.describe()), name),
    ...(made.announce === undefined ? {} : {
      announce: () => linesIn(explained(made, () => made.announce?.()), name),
    }),
    check: () => explained(made, () => made.check?.()),
    async connect(signal, options) {
      const store: unknown = await made.connect(signal, options);
      if (isStore(store)) return checkedStore(store);
      throw new OperationError(`The ${name} backend connects to no store`);
    },
  };
}

/** Only an object can have the methods of a store; each is checked when it is called. */
function isStore(value: unknown): value is Store {
  return isRecord(value);
}

/** @throws {AzuError} for whatever a backend throws: that is not a bug of azu. */
function explained<T>(backend: Backend, question: () => T): T {
  try {
    return question();
  } catch (error) {
    throw asAzuError(error, backend);
  }
}

/** What a backend throws, as a failed operation and not a bug of azu. */
export function asAzuError(error: unknown, { name }: Backend): AzuError {
  if (error instanceof AzuError) return error;
  const message = `The ${name} backend failed: ${redact(messageOf(error))}`;
  return new OperationError(message, { cause: error });
}

function targetIn(described: unknown, name: string): Target {
  const target: Record<string, string> = {};
  for (const part of ["address", "pattern", "table"] as const) {
    const value = isRecord(described) ? described[part] : null;
    if (typeof value === "string") target[part] = value;
    else if (value !== undefined) {
      throw new OperationError(
        `The ${name} backend does not describe what it works on: expected an object with texts ` +
          "(address, pattern, table)",
      );
    }
  }
  return target;
}

function linesIn(lines: unknown, name: string): readonly string[] {
  if (Array.isArray(lines)) return lines.map(String);
  throw new OperationError(`The ${name} backend announces no list of lines`);
}

function checkedStore(store: Store): Store {
  const { clearAgain, lookAlikes, dropCaches, replicated, createTable } = store;
  return {
    count: async (signal, options) => countIn(await store.count(signal, checkedLook(options))),
    clear: async (options) => countsIn(await store.clear(checkedClear(options))),
    ...(clearAgain === undefined ? {} : {
      clearAgain: async (options, isLast) => {
        const counts = countsIn(await clearAgain.call(store, checkedClear(options), isLast));
        if (typeof counts === "object") return counts;
        throw new OperationError("The backend returned no counts of a second clear");
      },
    }),
    ...(lookAlikes === undefined ? {} : {
      lookAlikes: async (signal, options) => {
        return lookAlikesIn(await lookAlikes.call(store, signal, checkedLook(options)));
      },
    }),
    ...(dropCaches === undefined ? {} : {
      dropCaches: async (signal, now) => {
        const heard = await dropCaches.call(store, signal, now);
        return countIn(heard, "it is not known whether the nodes were told");
      },
    }),
    replicated: async (replicas, timeout, signal) => {
      const followed = await replicated?.call(store, replicas, timeout, signal);
      return countIn(followed, "it is not known whether replicas have caught up");
    },
    ...(createTable === undefined
      ? {}
      : { createTable: (signal) => createTable.call(store, signal) }),
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
  };
}

/** @param unproved What is not known without the count. */
function countIn(count: unknown, unproved = "nothing is known to be cleared"): number {
  if (typeof count === "number" && Number.isInteger(count) && count >= 0) return count;
  throw new OperationError(`The backend returned no count, so ${unproved}`);
}

function countsIn(answer: unknown): number | ClearCounts {
  if (!isRecord(answer)) return countIn(answer);
  const { advice, kept, again } = answer;
  return {
    cleared: countIn(answer["cleared"]),
    remaining: countIn(answer["remaining"]),
    ...(kept === undefined ? {} : { kept: kept === true }),
    ...(again === undefined ? {} : { again: countIn(again) }),
    arrived: countIn(answer["arrived"]),
    ...(typeof advice === "string" ? { advice } : {}),
  };
}

function lookAlikesIn(answer: unknown): readonly LookAlike[] {
  const wrong = new OperationError(
    "The backend returned no list of look-alikes, so nothing is known of other prefixes",
  );
  if (!Array.isArray(answer)) throw wrong;
  return answer.map((one: unknown) => {
    if (!isRecord(one) || typeof one["pattern"] !== "string") throw wrong;
    const count = countIn(one["count"], "nothing is known of other prefixes");
    return { pattern: one["pattern"], count };
  });
}

/** The estimate of a total, or undefined if it is not a number. */
function totalIn(total: unknown): number | undefined {
  return typeof total === "number" && Number.isFinite(total) ? total : undefined;
}

function checkedLook(options: LookOptions = {}): LookOptions {
  return {
    ...options,
    onProgress: (found, total) => options.onProgress?.(countIn(found), totalIn(total)),
  };
}

function checkedClear(options: ClearOptions): ClearOptions {
  return {
    ...options,
    onProgress: (cleared, total, inDoubt) => {
      options.onProgress(countIn(cleared), totalIn(total), Number(inDoubt) || 0);
    },
  };
}
