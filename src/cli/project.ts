import { resolve } from "node:path";
import { loadProject, type Project } from "../config/project.ts";
import { messageOf, UsageError } from "../core/errors.ts";
import type { Host } from "./host.ts";
import type { ParsedArgs } from "./parse.ts";
import type { Reporter } from "./reporter.ts";

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
  const cwd = resolve(host.cwd, args.text("directory") ?? ".");
  await checkFolder(cwd);
  const config = args.text("config");
  return await loadProject({ cwd, env: host.env, now: host.now }, {
    ...(config === undefined ? {} : { config }),
    print: (text) => text.split("\n").forEach((line) => reporter.note(line)),
    defaultEnvironment,
  });
}

async function checkFolder(path: string): Promise<void> {
  const found = await Deno.stat(path).catch((error: unknown) => {
    throw new UsageError(`Cannot work in ${path}: ${messageOf(error)}`, { cause: error });
  });
  if (!found.isDirectory) throw new UsageError(`Cannot work in ${path}: it is not a folder`);
}
