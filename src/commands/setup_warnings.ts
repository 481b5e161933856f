import type { Backend } from "../backends/contract.ts";
import type { Project } from "../config/project.ts";
import { isRecord } from "../core/record.ts";

/** What whoever sets up should know, though nothing is wrong with it. */
export function setupWarnings(
  project: Project,
  backend: Backend,
  driver: string | undefined,
): string[] {
  return [...urlWarning(project, backend), ...engineWarning(backend, driver)];
}

/** The config's URL is the tool's own: the app is told where its store is by its environment. */
function urlWarning(project: Project, { name, setup }: Backend): string[] {
  const entry: unknown = project.config.session?.backends?.[name];
  const [variable] = setup?.variables ?? [];
  if (!isRecord(entry) || entry["url"] === undefined || variable === undefined) return [];
  return [
    `session.backends.${name}.url is for azu alone: the app reads ${variable.name}, which has to ` +
    "say the same",
  ];
}

/** Without a URL and without a driver nothing tells the engine, and the files are specific to it. */
function engineWarning(backend: Backend, driver: string | undefined): string[] {
  const told = backend.describe().address ?? driver;
  if (!backend.setup?.migration || told !== undefined) return [];
  return [
    "Nothing tells which database the app uses (no DATABASE_URL, no driver in shard.yml): " +
    "the files are for PostgreSQL",
  ];
}
