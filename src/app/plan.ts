/** Plans changes of files by comparing the wanted content with the existing files. */
import { readAppFile } from "./app.ts";

/** A file with its wanted content. */
export interface WantedFile {
  /** Relative to the app's folder, with `/`. */
  readonly path: string;
  readonly content: string;
  /** Whether the change only adds to the file, so that nothing is lost. */
  readonly additive?: boolean;
  /** Whether the file is the user's own, and is changed only if the user agrees. */
  readonly offer?: boolean;
}

/**
 * What would happen to a file. `conflict`: it exists and differs, and is overwritten only with
 * `--force`. `offer`: an update to which the user has not agreed yet.
 */
export type FileAction = "create" | "update" | "overwrite" | "conflict" | "unchanged" | "offer";

export interface PlannedFile {
  readonly path: string;
  readonly action: FileAction;
  /** Undefined if the file does not exist. */
  readonly before: string | undefined;
  readonly after: string;
}

/** Compares the wanted files with the existing ones. Only reads. */
export async function planFiles(
  root: string,
  wanted: readonly WantedFile[],
  force: boolean,
): Promise<PlannedFile[]> {
  return await Promise.all(wanted.map(async (file) => {
    const { path, content } = file;
    const before = await readAppFile(root, path);
    return { path, before, after: content, action: actionFor(before, file, force) };
  }));
}

function actionFor(before: string | undefined, wanted: WantedFile, force: boolean): FileAction {
  if (before === wanted.content) return "unchanged";
  if (wanted.offer) return "offer";
  if (before === undefined) return "create";
  if (wanted.additive) return "update";
  return force ? "overwrite" : "conflict";
}

/** The files that a plan would write. */
export function changesOf(plan: readonly PlannedFile[]): PlannedFile[] {
  const written = new Set<FileAction>(["create", "update", "overwrite"]);
  return plan.filter(({ action }) => written.has(action));
}

/** The plan with its offers accepted. */
export function accepted(plan: readonly PlannedFile[]): PlannedFile[] {
  return plan.map((file) => file.action === "offer" ? { ...file, action: "update" } : file);
}
