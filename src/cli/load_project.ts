import { resolve } from "node:path";
import { loadProject, type Project } from "../config/project.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import type { Host } from "./terminal/host.ts";
import type { GlobalOptions } from "./program.ts";
import type { Reporter } from "./terminal/reporter.ts";

/**
 * Loads the project in the folder of `-C`, with the config of `--config`.
 * @param defaultEnvironment The environment if `AZU_ENV` is not set.
 */
export async function loadProjectFor(
  host: Host,
  options: GlobalOptions,
  reporter: Reporter,
  defaultEnvironment: "development" | undefined,
): Promise<Project> {
  const cwd = await workingFolder(host, options);
  const config = options.config;
  return await loadProject({ cwd, env: host.env, now: host.now }, {
    ...(config === undefined ? {} : { config }),
    print: (text) => text.split("\n").forEach((line) => reporter.note(line)),
    defaultEnvironment,
  });
}

/** The absolute path of the folder to work in. Checks that it exists. */
export async function workingFolder(host: Host, options: GlobalOptions): Promise<string> {
  const path = resolve(host.cwd, options.directory ?? ".");
  const found = await Deno.stat(path).catch((error: unknown) => {
    throw new UsageError(`Cannot work in ${path}: ${messageOf(error)}`, { cause: error });
  });
  if (!found.isDirectory) throw new UsageError(`Cannot work in ${path}: it is not a folder`);
  return path;
}
