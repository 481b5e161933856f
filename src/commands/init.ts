/** What `init` does: plans a config and its types for editors. */
import { basename, dirname, join } from "node:path";
import { INITIALIZER, readAppFile, readAppInitializer, SHARD_FILE } from "../app/app.ts";
import {
  type ConfigValues,
  renderConfig,
  type SessionValues,
  typesTemplate,
} from "../app/init_files.ts";
import type { Initializer, StatedStore } from "../app/stated_store.ts";
import { planFiles, type PlannedFile, type WantedFile } from "../app/plan.ts";
import { nameInShard } from "../app/shard_name.ts";
import { type BackendType, backendTypes, isBackendType } from "../backends/registry.ts";
import { CONFIG_NAME, findConfig, findUpward } from "../config/find.ts";
import { variablesOf } from "../config/project.ts";
import { checkTrusted } from "../config/trust.ts";
import { durationText } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import type { Io } from "../core/io.ts";
import { listed, printable } from "../core/text.ts";

const TYPES_NAME = "azu.d.ts";

export interface InitOptions {
  readonly force: boolean;
  /** Only the types, beside the existing config. */
  readonly updateTypes: boolean;
  /** The value of `--backend`. */
  readonly backend: string | undefined;
  readonly io: Pick<Io, "env" | "uid">;
}

export interface InitPlan {
  /** The absolute path of the folder to write to. */
  readonly root: string;
  readonly files: readonly PlannedFile[];
  /** Where the backends in the config come from: a sentence. */
  readonly note?: string;
}

/**
 * @throws {UsageError} if there is no config whose types could be updated, or it is not certain
 *   which backend the app uses.
 */
export async function planInit(cwd: string, options: InitOptions): Promise<InitPlan> {
  if (options.updateTypes) {
    const root = await folderOfConfig(cwd);
    return { root, files: await planFiles(root, [TYPES], true) };
  }
  const shardFile = await findUpward(cwd, SHARD_FILE);
  const root = shardFile === undefined ? cwd : dirname(shardFile);
  const read = [SHARD_FILE, ".env", INITIALIZER].map((name) => join(root, name));
  await checkTrusted(read, cwd, options.io.uid);
  const { sessions, reason } = await sessionsOf(root, options);
  const content = renderConfig(await appName(root), sessions, TYPES_NAME);
  const files = await planFiles(root, [{ path: CONFIG_NAME, content }, TYPES], options.force);
  return { root, files, ...(reason === undefined ? {} : { note: reason }) };
}

const TYPES: WantedFile = { path: TYPES_NAME, content: typesTemplate };

async function folderOfConfig(cwd: string): Promise<string> {
  const config = await findConfig(cwd);
  if (config !== undefined) return dirname(config);
  throw new UsageError(`There is no ${CONFIG_NAME} here or above, whose types could be updated`, {
    hint: "Write one with azu init",
  });
}

async function appName(root: string): Promise<string> {
  const shard = await readAppFile(root, SHARD_FILE);
  return (shard === undefined ? undefined : await nameInShard(shard)) ?? basename(root);
}

/** The sessions of the app as it is, or else of the documentation's example. */
async function sessionsOf(
  root: string,
  { backend, io }: InitOptions,
): Promise<{ readonly sessions: ConfigValues; readonly reason?: string }> {
  if (backend !== undefined) {
    return { sessions: { base: { backend: checkedType(backend, "--backend") } } };
  }
  const initializer = await readAppInitializer(root);
  const stated = initializer === undefined ? undefined : statedSessions(initializer);
  if (stated !== undefined) {
    return { sessions: stated, reason: `The backends are those in ${INITIALIZER}` };
  }
  const { env } = await variablesOf(io, root);
  const chosen = env("SESSION_BACKEND");
  if (chosen !== undefined) {
    const reason = `The backend is ${printable(chosen)}, as SESSION_BACKEND says`;
    return { sessions: { base: { backend: checkedType(chosen, "SESSION_BACKEND") } }, reason };
  }
  const shards = await readAppFile(root, SHARD_FILE) ?? "";
  const sign = (shard: RegExp, variable: string) => {
    if (env(variable) !== undefined) return `${variable} is set`;
    const [, name] = shard.exec(shards) ?? [];
    return name === undefined ? undefined : `${SHARD_FILE} has the shard ${name}`;
  };
  const redis = sign(/^\s+(redis):/m, "REDIS_URL");
  const database = sign(/^\s+(pg|mysql|sqlite3):/m, "DATABASE_URL");
  if ((redis === undefined) === (database === undefined)) {
    const reason = "The backends are those of the example in Azu's documentation: redis, and " +
      "memory in development and test";
    return { sessions: EXAMPLE, reason };
  }
  const only = redis === undefined ? "database" : "redis";
  const reason = `The backend is ${only}, because ${
    redis ?? database
  } and nothing names another store`;
  return { sessions: { base: { backend: only } }, reason };
}

/** Redis in production, and no server on a developer's machine or in tests. */
const EXAMPLE: ConfigValues = {
  base: { backend: "redis" },
  environments: { development: { backend: "memory" }, test: { backend: "memory" } },
};

function checkedType(name: string, source: string): BackendType {
  if (isBackendType(name)) return name;
  throw new UsageError(`${source}: unknown backend "${printable(name)}"`, {
    hint: `Known backends: ${backendTypes.join(", ")}`,
  });
}

/** What an initializer states, as a config; undefined if it names no store. */
function statedSessions({ environments, otherwise }: Initializer): ConfigValues | undefined {
  const base = valuesOf(otherwise);
  if (base === undefined) return undefined;
  const named = Array.from(environments, ([name, stated]) => [name, valuesOf(stated)] as const);
  for (const [name, values] of named) {
    const what = values?.keyPrefix === null
      ? "key prefix"
      : values?.table === null
      ? "table"
      : undefined;
    if (what === undefined) continue;
    throw new UsageError(
      `It is not certain which ${what} ${INITIALIZER} uses in the environment ${printable(name)}`,
      { hint: "Write it there as a plain text, or select a backend for all with --backend" },
    );
  }
  return {
    base,
    environments: Object.fromEntries(
      named.flatMap(([name, values]) => values === undefined ? [] : [[name, values]]),
    ),
  };
}

/** @throws {UsageError} if it is not certain which store it is. */
function valuesOf(
  { kinds, keyPrefix, table, engine, clustered, channel, cacheTtl }: StatedStore,
): SessionValues | undefined {
  if (kinds?.length === 0) return undefined;
  const [backend, another] = kinds ?? [];
  if (backend === undefined || another !== undefined) {
    throw new UsageError(
      kinds === undefined
        ? `It is not certain which store ${INITIALIZER} uses`
        : `${INITIALIZER} names several stores: ${listed(kinds, "and")}`,
      { hint: "Select one with --backend" },
    );
  }
  if (!isBackendType(backend)) {
    throw new UsageError(`${INITIALIZER} keeps sessions in cookies, which azu cannot set up`, {
      hint: "Select another backend with --backend",
    });
  }
  const cacheTime = cacheTtl === undefined ? {} : { cacheTtl: durationText(cacheTtl) };
  return {
    backend,
    ...(backend === "redis" ? { keyPrefix: keyPrefix ?? null } : {}),
    ...(backend === "database" ? { table: table ?? null, engine } : {}),
    ...(clustered
      ? { cluster: typeof channel === "string" ? { channel, ...cacheTime } : true }
      : {}),
  };
}
