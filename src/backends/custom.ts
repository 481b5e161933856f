/**
 * Backends that a config brings. Whatever their code returns or throws is checked here, so that
 * all other code can rely on the contract.
 */
import * as v from "valibot";
import { AzuError, messageOf, OperationError, UsageError } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import { shown } from "../core/schema.ts";
import type {
  Backend,
  BackendContext,
  BackendFactory,
  ClearOptions,
  ExpiryOptions,
  LookOptions,
  Sessions,
  Store,
} from "./contract.ts";
import { isHandle } from "./handle.ts";

const backendShape = v.looseObject({
  name: v.string(),
  capabilities: v.looseObject({
    clear: v.union([v.literal(true), v.looseObject({ whyNot: v.string(), instead: v.string() })]),
    createTable: v.boolean(),
    truncate: v.optional(v.boolean()),
    replicas: v.optional(v.boolean()),
    expiresItself: v.optional(v.boolean()),
  }),
  describe: v.function(),
  connect: v.function(),
  nodeCache: v.optional(v.looseObject({ channel: v.string(), cacheTtl: v.number() })),
});

const text = v.optional(v.string());
const targetShape = v.looseObject({ address: text, addressFrom: text, pattern: text, table: text });

/** Each method of a store is checked when it is called. */
const storeShape = v.looseObject({});

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const countsShape = v.looseObject({
  cleared: count,
  remaining: count,
  arrived: count,
  kept: v.optional(v.boolean()),
  again: v.optional(count),
  advice: text,
});

const time = v.optional(v.nullable(v.pipe(v.number(), v.finite())));
const fact = v.optional(v.nullable(v.string()));

const batchShape = v.array(v.looseObject({
  handle: v.pipe(v.string(), v.check(isHandle)),
  size: count,
  user: fact,
  createdAt: time,
  visitedAt: time,
  expiresAt: time,
  ip: fact,
  userAgent: fact,
  storedIn: fact,
}));

const known = v.nullable(v.pipe(v.number(), v.finite()));
const storedShape = v.looseObject({
  id: v.string(),
  payload: v.instance(Uint8Array),
  expiresAt: known,
  createdAt: known,
  visitedAt: known,
  user: v.nullable(v.string()),
  ip: v.nullable(v.string()),
  userAgent: v.nullable(v.string()),
  storedIn: fact,
});

const savedShape = v.union([
  v.picklist(["done", "other", "expired"]),
  v.looseObject({ failed: v.string() }),
]);

const droppedShape = v.union([
  v.picklist(["done", "other"]),
  v.looseObject({ failed: v.string() }),
]);

const placeShape = v.optional(v.looseObject({
  servers: v.array(v.string()),
  table: text,
  prefix: text,
}));

const figure = v.looseObject({ value: v.pipe(v.number(), v.minValue(0)), isExact: v.boolean() });

const surveyShape = v.looseObject({
  figures: v.objectWithRest({ sessions: figure }, figure),
  sample: batchShape,
  created: v.optional(v.looseObject({ oldest: v.number(), newest: v.number() })),
  properties: v.record(v.string(), v.string()),
  warnings: v.array(v.string()),
});

const changesShape = v.optional(v.looseObject({
  missing: v.array(v.string()),
  statements: v.array(v.string()),
  effect: v.string(),
}));

const lookAlikesShape = v.array(v.looseObject({ pattern: v.string(), count }));

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
  const wrong = checked.issues.flatMap((issue) => v.getDotPath(issue) ?? []);
  const got = wrong.length === 0
    ? `one that returns ${shown(made)}`
    : `one with a wrong ${wrong.join(", ")}`;
  throw new UsageError(
    `${where}: expected a function that returns a backend (name, capabilities, describe, ` +
      `connect), got ${got}`,
  );
}

function checkedBackend(made: Backend): Backend {
  const { name, capabilities, announce, setup, nodeCache } = made;
  const unclear = `The ${name} backend does not describe what it works on: expected an object ` +
    "with texts (address, pattern, table)";
  return {
    name,
    capabilities,
    ...(setup === undefined ? {} : { setup }),
    ...(nodeCache === undefined ? {} : { nodeCache }),
    describe: () => checked(targetShape, explained(made, () => made.describe()), unclear),
    ...(announce === undefined ? {} : {
      announce: () => {
        const lines = explained(made, () => announce.call(made));
        const message =
          `The announce function of the ${name} backend did not return a list of lines`;
        return checked(v.array(v.unknown()), lines, message).map(String);
      },
    }),
    check: () => explained(made, () => made.check?.()),
    async connect(signal, options) {
      const store = await made.connect(signal, options);
      return checkedStore(checked(storeShape, store, `The ${name} backend connects to no store`));
    },
  };
}

/** @throws {OperationError} with this message if the value has another shape. */
function checked<T>(shape: v.GenericSchema, value: T, message: string): T {
  if (v.safeParse(shape, value).success) return value;
  throw new OperationError(message);
}

/** @throws {AzuError} for every error of a backend, because that is not a bug of azu. */
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

const NO_COUNT = "The backend returned no count, so nothing is known to be cleared";

function checkedStore(store: Store): Store {
  const { only, survey, examine, giveLifetime, lookAlikes, dropCaches, replicated } = store;
  const { createTable, missingInTable, changeTable, find, hasSame, save, drop, place } = store;
  return {
    ...checkedSessions(store),
    ...(only === undefined ? {} : {
      only: (selection) => {
        const sessions = only.call(store, selection);
        return checkedSessions(checked(storeShape, sessions, "The backend selected no sessions"));
      },
    }),
    ...(find === undefined ? {} : {
      find: async (ids, signal) => {
        const found = await find.call(store, ids, signal);
        const shape = v.pipe(v.array(v.optional(storedShape)), v.length(ids.length));
        return checked(shape, found, "The backend did not find one session or none for each id");
      },
    }),
    ...(hasSame === undefined ? {} : {
      hasSame: async (sessions, signal) => {
        const shape = v.pipe(v.array(v.boolean()), v.length(sessions.length));
        const message = "The backend did not say of each session whether it has the same";
        return checked(shape, await hasSame.call(store, sessions, signal), message);
      },
    }),
    ...(save === undefined ? {} : {
      save: async (changes, signal, now) => {
        const saved = await save.call(store, changes, signal, now);
        const shape = v.pipe(v.array(savedShape), v.length(changes.length));
        const message = "The backend did not say what became of each session, so it is not known " +
          "which are there";
        return checked(shape, saved, message);
      },
    }),
    ...(drop === undefined ? {} : {
      drop: async (sessions, signal) => {
        const dropped = await drop.call(store, sessions, signal);
        const shape = v.pipe(v.array(droppedShape), v.length(sessions.length));
        const message = "The backend did not say what became of each session, so it is not known " +
          "which are gone";
        return checked(shape, dropped, message);
      },
    }),
    ...(place === undefined ? {} : {
      place: async (signal) => {
        const message = "The backend did not say where its sessions are";
        return checked(placeShape, await place.call(store, signal), message);
      },
    }),
    ...(survey === undefined ? {} : {
      survey: async (options) => {
        const found = await survey.call(store, { ...options, ...checkedLook(options) });
        const message = "The backend's survey returned something that is not the state of a store";
        return checked(surveyShape, found, message);
      },
    }),
    ...(examine === undefined ? {} : {
      examine: async (signal, options) => {
        const doubts = await examine.call(store, signal, checkedLook(options));
        const message = "The backend's examine returned no list of texts";
        return checked(v.array(v.string()), doubts, message);
      },
    }),
    ...(giveLifetime === undefined ? {} : {
      giveLifetime: async (lifetime, options) => {
        const given = await giveLifetime.call(store, lifetime, checkedExpiry(options));
        const message = "The backend returned no count, so it is not known which sessions expire";
        return checked(count, given, message);
      },
    }),
    ...(lookAlikes === undefined ? {} : {
      lookAlikes: async (signal, options) => {
        const found = await lookAlikes.call(store, signal, checkedLook(options));
        const message = "The backend returned no list of look-alikes, so nothing is known of " +
          "other prefixes";
        return checked(lookAlikesShape, found, message);
      },
    }),
    ...(dropCaches === undefined ? {} : {
      dropCaches: async (signal, now) => {
        const message = "The backend returned no count, so it is not known whether the nodes " +
          "were told";
        return checked(count, await dropCaches.call(store, signal, now), message);
      },
    }),
    replicated: async (replicas, timeout, signal) => {
      const followed = await replicated?.call(store, replicas, timeout, signal);
      const message = "The backend returned no count, so it is not known whether replicas have " +
        "caught up";
      return checked(count, followed ?? NaN, message);
    },
    ...(createTable === undefined
      ? {}
      : { createTable: (signal) => createTable.call(store, signal) }),
    ...(missingInTable === undefined ? {} : {
      missingInTable: async (signal, options) => {
        const message = "The backend did not say what its table lacks";
        return checked(changesShape, await missingInTable.call(store, signal, options), message);
      },
    }),
    ...(changeTable === undefined ? {} : {
      changeTable: (changes, signal, options) => {
        return changeTable.call(store, changes, signal, checkedLook(options));
      },
    }),
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
  };
}

function checkedSessions(sessions: Sessions): Sessions {
  const { clearAgain, list, read } = sessions;
  return {
    async count(signal, options) {
      return checked(count, await sessions.count(signal, checkedLook(options)), NO_COUNT);
    },
    async clear(options) {
      const counts = await sessions.clear(checkedClear(options));
      return checked(v.union([count, countsShape]), counts, NO_COUNT);
    },
    ...(clearAgain === undefined ? {} : {
      clearAgain: async (options, isLast) => {
        const counts = await clearAgain.call(sessions, checkedClear(options), isLast);
        return checked(countsShape, counts, "The backend returned no counts of a second clear");
      },
    }),
    ...(list === undefined ? {} : {
      list: async (options) => {
        await list.call(sessions, {
          ...options,
          ...checkedLook(options),
          async onSessions(batch) {
            const message = "The backend listed something that is not a session";
            await options.onSessions(checked(batchShape, batch, message));
          },
        });
      },
    }),
    ...(read === undefined ? {} : {
      read: async (options) => {
        await read.call(sessions, {
          ...options,
          ...checkedLook(options),
          async onStored(batch) {
            const message = "The backend read something that is not a session";
            await options.onStored(checked(v.array(storedShape), batch, message));
          },
        });
      },
    }),
  };
}

function checkedLook(options: LookOptions = {}): LookOptions {
  return {
    ...options,
    onProgress: (found, total) => {
      options.onProgress?.(checked(count, found, NO_COUNT), totalIn(total));
    },
    onUnreadable: (sessions) => options.onUnreadable?.(checked(count, sessions, NO_COUNT)),
    onSlow: (reason) => options.onSlow?.(String(reason)),
  };
}

function checkedClear(options: ClearOptions): ClearOptions {
  return {
    ...options,
    onProgress: (cleared, total, inDoubt) => {
      const doubt = Number(inDoubt) || 0;
      options.onProgress(checked(count, cleared, NO_COUNT), totalIn(total), doubt);
    },
    onUnreadable: (sessions) => options.onUnreadable?.(checked(count, sessions, NO_COUNT)),
    onSlow: (reason) => options.onSlow?.(String(reason)),
  };
}

function checkedExpiry(options: ExpiryOptions): ExpiryOptions {
  return {
    ...options,
    onProgress: (given, total, inDoubt) => {
      const doubt = Number(inDoubt) || 0;
      options.onProgress?.(checked(count, given, NO_COUNT), totalIn(total), doubt);
    },
  };
}

/** The estimate of a total, or undefined if it is not a number. */
function totalIn(total: unknown): number | undefined {
  return typeof total === "number" && Number.isFinite(total) ? total : undefined;
}
