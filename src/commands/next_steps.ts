import { join } from "node:path";
import type { SetupSpec, Shard, Variable } from "../backends/contract.ts";
import type { Project } from "../config/project.ts";

export const SESSION_SECRET: Variable = {
  name: "SESSION_SECRET",
  shape: "at least 32 random bytes, for example the output of `openssl rand -hex 32`",
};

/** What is left to be done outside of the app's source: only what is not done yet. */
export async function nextSteps(
  project: Project,
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
