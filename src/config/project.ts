/** What azu knows before it starts: the app's folder, its config and the environment. */
import { dirname, join } from "node:path";
import { INITIALIZER, readAppFile, readAppInitializer, SHARD_FILE } from "../app/app.ts";
import type { Initializer } from "../app/stated_store.ts";
import { nameInShard } from "../app/shard_name.ts";
import { UsageError } from "../core/errors.ts";
import type { Io } from "../core/io.ts";
import { nearest } from "../core/nearest.ts";
import { printable } from "../core/text.ts";
import { findConfig, findUpward } from "./find.ts";
import { checkTrusted } from "./trust.ts";
import type { LoadedConfig } from "./load.ts";
import type { Config } from "./schema.ts";

export interface Project {
  readonly root: string;
  /** The app's name: `app` in the config, or else `name` in shard.yml. */
  readonly app: string | undefined;
  /** `name` in shard.yml. */
  readonly shard: string | undefined;
  /** The config file; undefined if there is none. */
  readonly configPath: string | undefined;
  /** Its values, with those of the environment applied. */
  readonly config: Config;
  readonly environment: Environment;
  /** Whether anything is there that belongs to an app: its files, or a config. */
  readonly hasApp: boolean;
  /** What the app's initializer says; undefined if there is none. */
  readonly initializer: Initializer | undefined;
  readonly warnings: readonly string[];
  /** The environments whose values may differ, in the config or in the initializer. */
  readonly environments: readonly string[];
  /** What the config says for all environments. */
  variants(): Promise<Variants>;
  /** A variable from the environment, or else from the app's .env. */
  env(name: string): string | undefined;
  /** Whether a variable is in .env and not in the environment. */
  isInDotenv(name: string): boolean;
}

/** The environment whose values apply, and what selected it. */
export interface Environment {
  readonly name: string;
  /** The option or the variable; undefined for the default. */
  readonly namedBy: "--env" | "AZU_ENV" | "CRYSTAL_ENV" | undefined;
  /** Whether the variable is in .env, which the app itself does not read. */
  readonly isInDotenv?: boolean;
}

/** `AZU_ENV in .env` */
export function namedByText({ namedBy, isInDotenv }: Environment): string {
  return isInDotenv ? `${namedBy} in .env` : namedBy ?? "the default";
}

/** What the generated app takes if no variable names an environment. */
export const DEFAULT_ENVIRONMENT = "production";

/** How messages call the environments that nothing names. */
export const ALL_OTHERS = "all others";

export interface Variants {
  /** The values without an environment. */
  readonly base: Config;
  readonly environments: ReadonlyMap<string, Config>;
}

export interface ProjectOptions {
  /** The value of `--config`. */
  readonly config?: string;
  /** The value of `--env`. */
  readonly environment?: string;
  readonly print: (line: string) => void;
  /** Whether to apply an environment also if no variable names one. */
  readonly usesDefault: boolean;
}

/**
 * @throws {UsageError} if the config cannot be found or evaluated, or is not valid.
 */
export async function loadProject(io: Io, options: ProjectOptions): Promise<Project> {
  const path = await findConfig(io.cwd, options.config);
  const shardPath = await findUpward(io.cwd, SHARD_FILE);
  const root = rootOf(io.cwd, shardPath ?? (options.config === undefined ? path : undefined));
  await checkTrusted(
    [
      ...(path === undefined || options.config !== undefined ? [] : [path]),
      ...[SHARD_FILE, ".env", INITIALIZER].map((name) => join(root, name)),
    ],
    io.cwd,
    io.uid,
  );
  const [{ env, isInDotenv }, shard, initializer] = await Promise.all([
    variablesOf(io, root),
    readAppFile(root, SHARD_FILE),
    readAppInitializer(root),
  ]);
  let muted = false;
  const print = (line: string) => {
    if (!muted) options.print(line);
  };
  const opened = path === undefined
    ? undefined
    : await (await import("./load.ts")).openConfig(path, {
      env: (name) => name === "AZU_ENV" ? options.environment ?? io.env(name) : io.env(name),
      print,
    });
  const load = async (environment: string | undefined) => {
    return await opened?.load(environment) ?? NO_CONFIG;
  };
  const name = shard === undefined ? undefined : await nameInShard(shard);
  const environment = environmentIn(env, isInDotenv, options.environment);
  const isNamed = environment.namedBy !== undefined;
  const loaded = await load(isNamed || options.usesDefault ? environment.name : undefined);
  const environments = [
    ...new Set([...loaded.environments, ...initializer?.environments.keys() ?? []]),
  ];
  // A function may know any name.
  const isFunction = loaded.usual !== undefined;
  const unknown = isNamed && !isFunction ? unknownName(environment.name, environments) : undefined;
  if (unknown !== undefined && environment.namedBy === "--env") {
    throw new UsageError(`--env: ${unknown.problem}`, { hint: unknown.hint });
  }
  return {
    root,
    app: loaded.config.app ?? name,
    shard: name,
    configPath: path,
    config: loaded.config,
    environment,
    environments,
    hasApp: path !== undefined || shard !== undefined || initializer !== undefined,
    initializer,
    // Without the warning, a mistyped AZU_ENV would silently skip its overrides.
    warnings: unknown === undefined || environments.length === 0
      ? []
      : [`${namedByText(environment)}: ${unknown.problem}. ${unknown.hint}`],
    async variants() {
      muted = true; // what the config prints, it has printed already
      try {
        const configOf = async (name: string | undefined) => (await load(name)).config;
        const byName = new Map<string, Config>();
        for (const name of environments) byName.set(name, await configOf(name));
        return { base: await configOf(loaded.usual), environments: byName };
      } finally {
        muted = false;
      }
    },
    env,
    isInDotenv,
  };
}

const NO_CONFIG: LoadedConfig = {
  config: {},
  environments: [],
  usual: undefined,
};

/** The app's folder, for commands that do not load the config. */
export async function findAppRoot(cwd: string): Promise<string> {
  return rootOf(cwd, await findUpward(cwd, SHARD_FILE) ?? await findConfig(cwd));
}

/** The app's folder: that of the nearest shard.yml, or else of the config, or else the working folder. */
function rootOf(cwd: string, found: string | undefined): string {
  return found === undefined ? cwd : dirname(found);
}

/** As the generated app does, but for the option. */
function environmentIn(
  env: Project["env"],
  isInDotenv: Project["isInDotenv"],
  option: string | undefined,
): Environment {
  if (option !== undefined) return { name: option, namedBy: "--env" };
  for (const variable of ["AZU_ENV", "CRYSTAL_ENV"] as const) {
    const name = env(variable);
    if (name !== undefined) return { name, namedBy: variable, isInDotenv: isInDotenv(variable) };
  }
  return { name: DEFAULT_ENVIRONMENT, namedBy: undefined };
}

/** The environments that people name without settings of their own. */
const USUAL_ENVIRONMENTS = ["development", "test", "production"];

/** The names that `--env` accepts. A config that is a function may know more. */
export function knownEnvironments(
  { environments }: Pick<Project, "environments">,
): readonly string[] {
  return [...new Set([...environments, ...USUAL_ENVIRONMENTS])];
}

/** What to say about a name that nothing knows: it may be mistyped. */
function unknownName(name: string, environments: readonly string[]) {
  const known = knownEnvironments({ environments });
  if (known.includes(name)) return undefined;
  const meant = nearest(name, known);
  return {
    problem: `unknown environment "${printable(name)}"`,
    hint: `Known environments: ${known.map(printable).join(", ")}` +
      (meant === undefined ? "" : `; did you mean ${printable(meant)}?`),
  };
}

/** Reads variables from the environment, or else from the .env in a folder. */
export async function variablesOf(
  io: Pick<Io, "env">,
  root: string,
): Promise<Pick<Project, "env" | "isInDotenv">> {
  const source = await readAppFile(root, ".env");
  if (source === undefined) return { env: (name) => io.env(name), isInDotenv: () => false };
  const { parseDotenv } = await import("./dotenv.ts");
  const { variables, cutOff } = parseDotenv(source);
  const env = (name: string) => {
    const inEnvironment = io.env(name);
    if (inEnvironment !== undefined || !cutOff.has(name)) {
      const inDotenv = variables.get(name);
      return inEnvironment ?? (inDotenv?.trim() ? inDotenv : undefined);
    }
    throw new UsageError(`.env: the value of ${name} contains a "#", where a value ends`, {
      hint: name.endsWith("_URL")
        ? "Write it as %23, as in every URL"
        : `Put the value in quotes: ${name}='…'`,
    });
  };
  return {
    env,
    isInDotenv: (name) => io.env(name) === undefined && env(name) !== undefined,
  };
}
