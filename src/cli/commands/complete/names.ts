/** The names that a config brings. It is evaluated, but with fewer permissions than usual. */
import { backendTypes } from "../../../backends/registry.ts";
import { backendNames } from "../../../config/choose.ts";
import { knownEnvironments, type Project } from "../../../config/project.ts";
import { loadProjectFor } from "../../load_project.ts";
import type { Host } from "../../terminal/host.ts";
import { Reporter } from "../../terminal/reporter.ts";
import type { Line } from "./line.ts";

/** The backends of the config at hand. `init`, which writes it, takes those of azu itself. */
export async function backendsFor(host: Host, line: Line): Promise<readonly string[]> {
  if (line.command?.name() === "init") return backendTypes;
  return backendNames(await projectFor(host, line));
}

export async function environmentsFor(host: Host, line: Line): Promise<readonly string[]> {
  return knownEnvironments(await projectFor(host, line));
}

/** @throws if the config is broken, or needs what it may not do here. */
async function projectFor(host: Host, { values }: Line): Promise<Project> {
  // Who presses Tab has not asked for anything to be done. So neither azu nor the config can
  // connect to anything or write. "import" is the permission to import code from a few hosts,
  // which a program that runs from source has by default.
  for (const name of ["net", "import", "write"] as const) Deno.permissions.revokeSync({ name });
  const config = values.get("config");
  const directory = values.get("directory");
  const env = values.get("env");
  const options = {
    ...(config === undefined ? {} : { config: withHome(host, config) }),
    ...(directory === undefined ? {} : { directory: withHome(host, directory) }),
    ...(env === undefined ? {} : { env }),
  };
  const silent = new Reporter(host, { json: false, quiet: true });
  return await loadProjectFor(host, options, silent, { usesDefault: true });
}

/** The words come as they are typed, and a shell expands ~/ only when it runs them. */
function withHome(host: Host, path: string): string {
  const home = host.env("HOME");
  return home !== undefined && path.startsWith("~/") ? `${home}${path.slice(1)}` : path;
}
