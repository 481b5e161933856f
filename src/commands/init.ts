/** What `init` does: plans a config and its types for editors. */
import { basename, dirname } from "node:path";
import { readAppFile, readAppInitializer, SHARD_FILE } from "../app/app.ts";
import { planFiles, type PlannedFile, type WantedFile } from "../app/plan.ts";
import { nameInShard } from "../app/shard_name.ts";
import { configTemplate, typesTemplate } from "../app/init_files.ts";
import { isBackendType } from "../backends/registry.ts";
import { CONFIG_NAME, findConfig, findUpward } from "../config/find.ts";
import { UsageError } from "../core/errors.ts";

export const TYPES_NAME = "azu.d.ts";

export interface InitOptions {
  readonly force: boolean;
  /** Only the types, beside the existing config. */
  readonly updateTypes: boolean;
}

export interface InitPlan {
  /** The absolute path of the folder to write to. */
  readonly root: string;
  readonly files: readonly PlannedFile[];
}

/** @throws {UsageError} if there is no config whose types could be updated. */
export async function planInit(cwd: string, options: InitOptions): Promise<InitPlan> {
  if (options.updateTypes) {
    const root = await folderOfConfig(cwd);
    return { root, files: await planFiles(root, [TYPES], true) };
  }
  const shardFile = await findUpward(cwd, SHARD_FILE);
  const root = shardFile === undefined ? cwd : dirname(shardFile);
  const backend = await usedBackend(root);
  const config = { path: CONFIG_NAME, content: configFor(await appName(root), backend) };
  return { root, files: await planFiles(root, [config, TYPES], options.force) };
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

/** The backend of the app as it is: by its initializer, or else by the shards that it has. */
async function usedBackend(root: string): Promise<string> {
  const stores = (await readAppInitializer(root))?.stores ?? [];
  const [store] = stores;
  if (stores.length === 1 && store !== undefined && isBackendType(store)) return store;
  const shards = await readAppFile(root, SHARD_FILE) ?? "";
  return /^\s+redis:/m.test(shards) && !/^\s+(?:pg|mysql|sqlite3):/m.test(shards)
    ? "redis"
    : "database";
}

/** Replaces the example's name in all values, unless the new name would need escaping. */
function configFor(app: string, backend: string): string {
  const name = /^[\w.-]{1,100}$/.test(app) ? app : "my_app";
  const config = configTemplate.replaceAll(/"shop(?=[":_])/g, () => `"${name}`)
    .replace('backend: "database"', () => `backend: "${backend}"`);
  return `/// <reference path="./${TYPES_NAME}" />\n${config}`;
}
