/** The templates of setup: azu's, or those in the folder that the config names; and `--eject`. */
import { basename, dirname, relative, resolve, sep } from "node:path";
import {
  ownTemplates,
  templateNames,
  type Templates,
  templatesIn,
} from "../../app/crystal_templates.ts";
import type { Project } from "../../config/project.ts";
import { planFiles, type PlannedFile } from "../../app/plan.ts";
import { CONFIG_NAME } from "../../config/find.ts";

/** @throws {UsageError} if the folder does not exist. */
export async function templatesOf(project: Project): Promise<Templates> {
  const { templates } = project.config;
  if (templates === undefined) return ownTemplates;
  return await templatesIn(resolve(configFolder(project), templates));
}

/** The folder to which relative paths in the config refer. */
export function configFolder({ configPath, root }: Project): string {
  return configPath === undefined ? root : dirname(configPath);
}

const FOLDER = "azu_templates";

export interface EjectPlan {
  /** The absolute path of the folder that contains the templates' folder. */
  readonly root: string;
  readonly files: readonly PlannedFile[];
  /** What is left to do by hand. */
  readonly nextSteps: readonly string[];
}

/** Copies azu's templates to the folder in the config, or else to one beside the config. */
export async function planEject(project: Project, force: boolean): Promise<EjectPlan> {
  const { templates } = project.config;
  const beside = configFolder(project);
  const folder = resolve(beside, templates ?? FOLDER);
  const root = folder.startsWith(beside + sep) ? beside : dirname(folder);
  const within = relative(root, folder).replaceAll("\\", "/");
  const wanted = templateNames.map((name) => ({
    path: `${within}/${name}`,
    content: ownTemplates[name],
  }));
  return {
    root,
    files: await planFiles(root, wanted, force),
    nextSteps: templates === undefined
      ? [`Add to ${basename(project.configPath ?? CONFIG_NAME)}: templates: "./${FOLDER}"`]
      : [],
  };
}
