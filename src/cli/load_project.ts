import { resolve } from "node:path";
import { loadProject, type Project, type ProjectOptions } from "../config/project.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import type { Host } from "./terminal/host.ts";
import type { GlobalOptions } from "./program.ts";
import type { Reporter } from "./terminal/reporter.ts";

/** Loads the project in the folder of `-C`, with the config of `--config`. */
export async function loadProjectFor(
  host: Host,
  options: GlobalOptions,
  reporter: Reporter,
  { usesDefault }: Pick<ProjectOptions, "usesDefault">,
): Promise<Project> {
  const cwd = await workingFolder(host, options);
  const { config, env } = options;
  if (env === "") throw new UsageError("--env needs a name, and got an empty text");
  return await loadProject({ cwd, uid: host.uid, env: host.env, now: host.now }, {
    ...(config === undefined ? {} : { config }),
    ...(env === undefined ? {} : { environment: env }),
    print: (text) => text.split("\n").forEach((line) => reporter.note(line)),
    usesDefault,
  });
}

/** The absolute path of the folder to work in. Checks that it exists. */
export async function workingFolder(host: Host, options: GlobalOptions): Promise<string> {
  const { directory = "." } = options;
  if (directory === "") throw new UsageError("-C needs a folder, and got an empty text");
  const path = resolve(host.cwd, directory);
  const found = await Deno.stat(path).catch((error: unknown) => {
    throw new UsageError(`Cannot work in ${path}: ${messageOf(error)}`, { cause: error });
  });
  if (!found.isDirectory) throw new UsageError(`Cannot work in ${path}: it is not a folder`);
  return path;
}
