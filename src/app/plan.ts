/** One way of work for files: plan, check, show, write. This is the checking. */
import { readAppFile } from "./app.ts";

/** A file that setup wants to have a content. */
export interface WantedFile {
  /** Relative to the app's folder, with `/`. */
  readonly path: string;
  readonly content: string;
  /** Whether the change only adds to what is there, so that nothing of the user's is lost. */
  readonly additive?: boolean;
}

/**
 * What would happen to a file: `conflict` is a file that is there and differs, and may only be
 * overwritten when asked for.
 */
export type FileAction = "create" | "update" | "overwrite" | "conflict" | "unchanged";

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
  return await Promise.all(wanted.map(async ({ path, content, additive = false }) => {
    const before = await readAppFile(root, path);
    return { path, before, after: content, action: actionFor(before, content, additive, force) };
  }));
}

function actionFor(
  before: string | undefined,
  after: string,
  additive: boolean,
  force: boolean,
): FileAction {
  if (before === undefined) return "create";
  if (before === after) return "unchanged";
  if (additive) return "update";
  return force ? "overwrite" : "conflict";
}

/** The files that a plan would write. */
export function changesOf(plan: readonly PlannedFile[]): PlannedFile[] {
  return plan.filter(({ action }) => action !== "unchanged" && action !== "conflict");
}
