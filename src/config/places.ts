/** Refuses to guess which environment is meant, if their sessions are in different places. */
import { messageOf, UsageError } from "../core/errors.ts";
import { listed, printable } from "../core/text.ts";
import { type Choice, chooseStores } from "./choose.ts";
import { ALL_OTHERS, DEFAULT_ENVIRONMENT, type Project } from "./project.ts";
import type { Config } from "./schema.ts";
import type { Target } from "../backends/contract.ts";

/**
 * @param flag The value of `--backend`.
 * @param choose How the backends of an environment are chosen; default: as for a clear.
 * @throws {UsageError} that lists the places, if nothing names an environment and the environments
 *   differ in the backend, the server, the keys, the table or the channel.
 */
export async function checkSamePlace(
  project: Project,
  flag: string | undefined,
  choose: (project: Project, flag: string | undefined) => readonly Choice[] = chooseStores,
): Promise<void> {
  if (project.environment.namedBy !== undefined || project.environments.length === 0) return;
  const { base, environments } = await project.variants();
  // The default is production, whose values are the base's if nothing names it.
  const configs = new Map([[DEFAULT_ENVIRONMENT, base], ...environments]);
  const placeIn = (name: string) => {
    const config = configs.get(name) ?? base;
    return placeOf(() => choose(inEnvironment(project, name, config), flag));
  };
  const names = Map.groupBy(configs.keys(), placeIn);
  const others = placeIn(ALL_OTHERS);
  if (!names.has(others)) names.set(others, [ALL_OTHERS]);
  if (names.size < 2) return;
  const places = [...names].map(([place, names]) =>
    `${listed(names.map(printable), "and")}: ${place}`
  );
  throw new UsageError(
    "No environment is named, and their sessions are in different places:",
    { details: places, hint: "Name the one that you mean with --env, or set AZU_ENV" },
  );
}

/**
 * The sessions of environments whose key prefix begins with that of the environment at hand, on the
 * same server: `the sessions of staging (keys shop:staging:*)`.
 */
export async function neighboursOf(
  project: Project,
  flag: string | undefined,
  { address, pattern }: Target,
): Promise<string[]> {
  if (pattern === undefined || project.environments.length === 0) return [];
  const { environments } = await project.variants();
  return Array.from(environments, ([name, config]) => {
    try {
      const choices = chooseStores(inEnvironment(project, name, config), flag);
      const others = choices.map(({ backend }) => backend.describe()).filter((other) => {
        return other.address === address && other.pattern !== pattern &&
          other.pattern?.startsWith(pattern.slice(0, -1));
      });
      return others.map((other) => `the sessions of ${printable(name)} (keys ${other.pattern})`);
    } catch {
      return []; // not usable from here, for example because a variable is not set
    }
  }).flat();
}

/**
 * The key prefixes of the other environments, by their names.
 * @param flag The value of `--backend`.
 * @param target That of the environment at hand.
 */
export async function otherPrefixes(
  project: Project,
  flag: string | undefined,
  { pattern }: Target,
): Promise<ReadonlyMap<string, string>> {
  const prefixes = new Map<string, string>();
  if (pattern === undefined || project.environments.length === 0) return prefixes;
  const { environments } = await project.variants();
  for (const [name, config] of environments) {
    if (name === project.environment.name) continue;
    try {
      const [choice] = chooseStores(inEnvironment(project, name, config), flag);
      const other = choice?.backend.describe().pattern;
      if (other !== undefined && other !== pattern) prefixes.set(name, other.slice(0, -1));
    } catch {
      // not usable from here, for example because a variable is not set
    }
  }
  return prefixes;
}

function inEnvironment(project: Project, name: string, config: Config): Project {
  const environment = { name, namedBy: undefined };
  return { ...project, config, environment, app: config.app ?? project.shard };
}

function placeOf(choose: () => readonly Choice[]): string {
  try {
    return choose().map(placeText).join("; and ");
  } catch (error) {
    return messageOf(error);
  }
}

function placeText({ backend }: Choice): string {
  const { address, pattern, table } = backend.describe();
  const parts = (first: string | undefined) =>
    [backend.name, first, pattern, table, backend.nodeCache?.channel]
      .filter((part) => part !== undefined).join(" ");
  try {
    backend.check?.();
  } catch (error) {
    return `${parts(undefined)} (not usable here: ${messageOf(error)})`;
  }
  return parts(address);
}
