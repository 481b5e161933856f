/** Refuses to guess which environment is meant, if their sessions are in different places. */
import { messageOf, UsageError } from "../core/errors.ts";
import { listed } from "../core/text.ts";
import { chooseToOperate } from "./choose.ts";
import type { Project } from "./project.ts";
import type { Config } from "./schema.ts";

/**
 * @param flag The value of `--backend`.
 * @throws {UsageError} that lists the places, if no variable names an environment and the config's
 *   environments differ in the backend, the server, the keys, the table or the channel.
 */
export async function checkSamePlace(project: Project, flag: string | undefined): Promise<void> {
  if (project.environment.variable !== undefined || project.environments.length === 0) return;
  const { base, environments } = await project.variants();
  // The default is production, whose values are the base's if the config does not name it.
  const configs = new Map([["production", base], ...environments]);
  const names = Map.groupBy(configs.keys(), (name) => {
    return placeOf(project, configs.get(name) ?? base, flag);
  });
  if (names.size < 2) return;
  const places = [...names].map(([place, names]) => `${listed(names, "and")}: ${place}`);
  throw new UsageError(
    `No environment is named, and their sessions are in different places: ${places.join("; ")}`,
    { hint: "Set AZU_ENV to the one that you mean" },
  );
}

function placeOf(project: Project, config: Config, flag: string | undefined): string {
  try {
    const { backend } = chooseToOperate(
      { ...project, config, app: config.app ?? project.shard },
      flag,
    );
    const { address, pattern, table } = backend.describe();
    const parts = [backend.name, address, pattern, table, backend.nodeCache?.channel];
    return parts.filter((part) => part !== undefined).join(" ");
  } catch (error) {
    return messageOf(error);
  }
}
