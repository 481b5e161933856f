/** The templates of setup: azu's, or those in the folder that the config names. */
import { dirname, resolve } from "node:path";
import type { Templates } from "../../app/crystal_templates.ts";
import type { Project } from "../../config/project.ts";

/** @throws {UsageError} if the folder does not exist. */
export async function templatesOf(project: Project): Promise<Templates> {
  const { ownTemplates, templatesIn } = await import("../../app/crystal_templates.ts");
  const { templates } = project.config;
  if (templates === undefined) return ownTemplates;
  return await templatesIn(resolve(configFolder(project), templates));
}

/** The folder that relative names in the config start from. */
export function configFolder({ configPath, root }: Project): string {
  return configPath === undefined ? root : dirname(configPath);
}
