/** The templates that setup writes from: this tool's own, or those that the config names. */
import { dirname, resolve } from "node:path";
import type { Templates } from "../../app/crystal_templates.ts";
import type { Project } from "../../config/project.ts";

/** @throws {UsageError} where the config names a folder that is not there. */
export async function templatesOf(project: Project): Promise<Templates> {
  const { ownTemplates, templatesIn } = await import("../../app/crystal_templates.ts");
  const { templates } = project.config;
  if (templates === undefined) return ownTemplates;
  return await templatesIn(resolve(configFolder(project), templates));
}

/** What the config's relative names start from. */
export function configFolder({ configPath, root }: Project): string {
  return configPath === undefined ? root : dirname(configPath);
}
