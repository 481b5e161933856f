/** Refuses to guess which environment is meant, if their sessions are in different places. */
import { messageOf, UsageError } from "../core/errors.ts";
import { listed, printable } from "../core/text.ts";
import { type Choice, chooseToOperate } from "./choose.ts";
import { DEFAULT_ENVIRONMENT, type Project } from "./project.ts";

/**
 * @param flag The value of `--backend`.
 * @param choose How the backend of an environment is chosen; default: as for a clear.
 * @throws {UsageError} that lists the places, if nothing names an environment and the environments
 *   differ in the backend, the server, the keys, the table or the channel.
 */
export async function checkSamePlace(
  project: Project,
  flag: string | undefined,
  choose: (project: Project, flag: string | undefined) => Choice = chooseToOperate,
): Promise<void> {
  if (project.environment.namedBy !== undefined || project.environments.length === 0) return;
  const { base, environments } = await project.variants();
  // The default is production, whose values are the base's if nothing names it.
  const configs = new Map([[DEFAULT_ENVIRONMENT, base], ...environments]);
  const names = Map.groupBy(configs.keys(), (name) => {
    const config = configs.get(name) ?? base;
    const environment = { name, namedBy: undefined };
    const app = config.app ?? project.shard;
    return placeOf(() => choose({ ...project, config, environment, app }, flag));
  });
  if (names.size < 2) return;
  const places = [...names].map(([place, names]) =>
    `${listed(names.map(printable), "and")}: ${place}`
  );
  throw new UsageError(
    "No environment is named, and their sessions are in different places:",
    { details: places, hint: "Name the one that you mean with --env, or set AZU_ENV" },
  );
}

function placeOf(choose: () => Choice): string {
  try {
    const { backend } = choose();
    const { address, pattern, table } = backend.describe();
    const parts = [backend.name, address, pattern, table, backend.nodeCache?.channel];
    return parts.filter((part) => part !== undefined).join(" ");
  } catch (error) {
    return messageOf(error);
  }
}
