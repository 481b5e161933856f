import { join } from "node:path";
import { readAppFile } from "../app/app.ts";
import { requiresInitializer } from "../app/requires.ts";
import type { SetupSpec, Shard, Variable } from "../backends/contract.ts";
import type { Project } from "../config/project.ts";

const SESSION_SECRET: Variable = {
  name: "SESSION_SECRET",
  shape: "at least 32 random bytes, for example the output of `openssl rand -hex 32`",
};

/** What is left to be done by hand: only what is not done yet. */
export async function nextSteps(
  project: Project,
  app: string,
  spec: SetupSpec,
  shards: readonly Shard[],
  done: { readonly hasShardFile: boolean; readonly applied: boolean },
): Promise<string[]> {
  const steps: string[] = [];
  if (!done.hasShardFile) {
    const list = shards.map(({ name, github }) => `${name} (github: ${github})`).join(", ");
    steps.push(`Make a shard.yml with these dependencies: ${list}`);
  }
  if (!await allInstalled(project.root, shards)) steps.push("Install the shards: shards install");
  for (const { name, shape } of [SESSION_SECRET, ...spec.variables]) {
    if (project.env(name) === undefined) steps.push(`Set ${name} in the environment: ${shape}`);
  }
  if (spec.migration && !done.applied) steps.push("Create the table: azu db:migrate");
  if (!await requiresInitializer(project.root)) {
    const file = await mainFile(project.root, app);
    steps.push(`Add to ${file}: require "./initializers/session"`);
  }
  return steps;
}

async function allInstalled(root: string, shards: readonly Shard[]): Promise<boolean> {
  const found = await Promise.all(
    shards.map(({ name }) =>
      Deno.stat(join(root, "lib", name)).then(({ isDirectory }) => isDirectory, () => false)
    ),
  );
  return found.every(Boolean);
}

async function mainFile(root: string, app: string): Promise<string> {
  const file = `src/${app}.cr`;
  const exists = !app.includes("/") && await readAppFile(root, file) !== undefined;
  return exists ? file : "the app's main file in src/";
}
