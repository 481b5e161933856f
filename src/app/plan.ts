/** One way of work for files: plan, check, show, write. This is the checking. */
import { readAppFile } from "./app.ts";

/** A file that setup wants to have a content. */
export interface WantedFile {
  /** Relative to the app's folder, with `/`. */
  readonly path: string;
  readonly content: string;
  /** Whether the change only adds to what is there, so that nothing of the user's is lost. */
  readonly additive?: boolean;
  /** Whether the file is the user's own, and is changed only where that is agreed to. */
  readonly offer?: boolean;
}

/**
 * What would happen to a file: `conflict` is a file that is there and differs, and may only be
 * overwritten when asked for; `offer` is an update that nobody has agreed to yet.
 */
export type FileAction = "create" | "update" | "overwrite" | "conflict" | "unchanged" | "offer";

export interface PlannedFile {
  readonly path: string;
  readonly action: FileAction;
  /** Undefined where the file does not exist. */
  readonly before: string | undefined;
  readonly after: string;
}

/** Compares what is wanted with what is there. Reads only. */
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

/** The plan with what it offers agreed to. */
export function accepted(plan: readonly PlannedFile[]): PlannedFile[] {
  return plan.map((file) => file.action === "offer" ? { ...file, action: "update" } : file);
}
