import { resolve } from "node:path";
import { loadProject, type Project } from "../config/project.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import type { Host } from "./terminal/host.ts";
import type { ParsedArgs } from "./parse.ts";
import type { Reporter } from "./terminal/reporter.ts";

/**
 * The project that the command line means: `-C` and `--config` applied.
 * @param defaultEnvironment The environment where `AZU_ENV` names none.
 */
export async function loadProjectFor(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  defaultEnvironment: "development" | undefined,
): Promise<Project> {
  const cwd = await workingFolder(host, args);
  const config = args.text("config");
  return await loadProject({ cwd, env: host.env, now: host.now }, {
    ...(config === undefined ? {} : { config }),
    print: (text) => text.split("\n").forEach((line) => reporter.note(line)),
    defaultEnvironment,
  });
}

/** The folder that the command line means, absolute; it exists. */
export async function workingFolder(host: Host, args: ParsedArgs): Promise<string> {
  const path = resolve(host.cwd, args.text("directory") ?? ".");
  const found = await Deno.stat(path).catch((error: unknown) => {
    throw new UsageError(`Cannot work in ${path}: ${messageOf(error)}`, { cause: error });
  });
  if (!found.isDirectory) throw new UsageError(`Cannot work in ${path}: it is not a folder`);
  return path;
}
