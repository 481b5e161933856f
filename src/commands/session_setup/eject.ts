/** What `session:setup --eject` does: copies the templates to where the user can change them. */
import { basename, dirname, relative, resolve, sep } from "node:path";
import { ownTemplates, templateNames } from "../../app/crystal_templates.ts";
import { planFiles, type PlannedFile } from "../../app/plan.ts";
import { CONFIG_NAME } from "../../config/find.ts";
import type { Project } from "../../config/project.ts";
import { configFolder } from "./templates.ts";

const FOLDER = "azu_templates";

export interface EjectPlan {
  /** The absolute path of the folder that contains the templates' folder. */
  readonly root: string;
  readonly files: readonly PlannedFile[];
  /** What is left to do by hand. */
  readonly nextSteps: readonly string[];
}

/** The folder in the config, or else one beside the config. */
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
