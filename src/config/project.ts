/** What azu knows before it starts: the app's folder, its config and the environment. */
import { dirname } from "node:path";
import { readAppFile, readAppInitializer, SHARD_FILE } from "../app/app.ts";
import type { Initializer } from "../app/initializer_reader/initializer.ts";
import { shardName } from "../app/shard_name.ts";
import { UsageError } from "../core/errors.ts";
import type { Io } from "../core/io.ts";
import { findConfig, findUpward } from "./find.ts";
import type { Config } from "./schema.ts";

export interface Project {
  readonly root: string;
  /** The app's name: `app` in the config, or else `name` in shard.yml. */
  readonly app: string | undefined;
  /** The config file; undefined if there is none. */
  readonly configPath: string | undefined;
  /** Its values, with those of the environment applied. */
  readonly config: Config;
  /** What the app's initializer says; undefined if there is none. */
  readonly initializer: Initializer | undefined;
  readonly warnings: readonly string[];
  /** What the config says for all environments. */
  variants(): Promise<Variants>;
  /** A variable from the environment, or else from the app's .env. */
  env(name: string): string | undefined;
}

export interface Variants {
  /** The values without an environment. */
  readonly base: Config;
  readonly environments: ReadonlyMap<string, Config>;
}

export interface ProjectOptions {
  /** The value of `--config`. */
  readonly config?: string;
  readonly print: (line: string) => void;
  /** The environment if `AZU_ENV` is not set; undefined for none. */
  readonly defaultEnvironment: "development" | undefined;
}

/**
 * @throws {UsageError} if the config cannot be found or evaluated, or is not valid.
 */
export async function loadProject(io: Io, options: ProjectOptions): Promise<Project> {
  const path = await findConfig(io.cwd, options.config);
  const root = await findRoot(io.cwd, options.config === undefined ? path : undefined);
  const [env, shard, initializer] = await Promise.all([
    environment(io, root),
    readAppFile(root, SHARD_FILE),
    readAppInitializer(root),
  ]);
  let muted = false;
  const print = (line: string) => {
    if (!muted) options.print(line);
  };
  const load = async (environment: string | undefined) =>
    path === undefined
      ? { config: {}, environments: [], usual: undefined, warnings: [] }
      : await (await import("./load.ts")).loadConfig(
        path,
        environment,
        { env: (name) => io.env(name), print },
      );
  const loaded = await load(env("AZU_ENV") ?? options.defaultEnvironment);
  return {
    root,
    app: loaded.config.app ?? (shard === undefined ? undefined : shardName(shard)),
    configPath: path,
    config: loaded.config,
    initializer,
    warnings: loaded.warnings,
    async variants() {
      muted = true; // what the config prints, it has printed already
      try {
        const configOf = async (name: string | undefined) => (await load(name)).config;
        const environments = new Map<string, Config>();
        for (const name of loaded.environments) environments.set(name, await configOf(name));
        return { base: await configOf(loaded.usual), environments };
      } finally {
        muted = false;
      }
    },
    env,
  };
}

/** The app's folder: that of the nearest shard.yml, or else of the config, or else the working folder. */
async function findRoot(cwd: string, configPath: string | undefined): Promise<string> {
  const shard = await findUpward(cwd, SHARD_FILE);
  const found = shard ?? configPath;
  return found === undefined ? cwd : dirname(found);
}

async function environment(io: Io, root: string): Promise<Project["env"]> {
  const source = await readAppFile(root, ".env");
  if (source === undefined) return (name) => io.env(name);
  const { parseDotenv } = await import("./dotenv.ts");
  const { variables, cutOff } = parseDotenv(source);
  return (name) => {
    const inEnvironment = io.env(name);
    if (inEnvironment !== undefined || !cutOff.has(name)) {
      return inEnvironment ?? (variables.get(name) || undefined);
    }
    throw new UsageError(`.env: the value of ${name} contains a "#", where a value ends`, {
      hint: `Put the value in quotes: ${name}='…'`,
    });
  };
}
