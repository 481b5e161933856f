/** Plans changes of the app's files, and carries them out: all of them or none. */
import { readAppFile } from "./app.ts";
import { join } from "node:path";
import { messageOf, OperationError } from "../core/errors.ts";
import { within } from "../core/within.ts";

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
  /** Its permissions if it is created; otherwise those of the process apply. */
  readonly mode?: number;
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

export function accepted(plan: readonly PlannedFile[]): PlannedFile[] {
  return plan.map((file) => file.action === "offer" ? { ...file, action: "update" } : file);
}

/**
 * Writes each file next to its place, then moves them all into place. If anything fails, the moved
 * files are restored. Finally reads every file again to verify it.
 * @throws {OperationError} if a file cannot be written. All changes have been rolled back.
 */
export async function writeFiles(root: string, files: readonly PlannedFile[]): Promise<void> {
  using _lock = await lockFolder(root);
  await checkWritable(root, files);
  const undo: (() => Promise<void>)[] = [];
  try {
    const staged = [];
    for (const file of files) staged.push(await stage(root, file, undo));
    for (const { temporary, file } of staged) {
      const path = join(root, file.path);
      await Deno.rename(temporary, path);
      undo.push(() => restore(path, file));
    }
    for (const { path, after } of files) {
      if (await readAppFile(root, path) !== after) {
        throw new Error(`${path} does not contain what was written to it`);
      }
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {}); // best effort, latest first
    throw new OperationError(`Cannot write to ${root}: ${messageOf(error)}; nothing was changed`, {
      hint: "Check that you may write there, and that the disk is not full",
      cause: error,
    });
  }
}

/**
 * Checks that nobody has edited a file since the plan was shown.
 * @throws {OperationError} if it has changed, or would be written through a symbolic link.
 */
export async function checkWritable(root: string, files: readonly PlannedFile[]): Promise<void> {
  for (const { path, before } of files) {
    if (await readAppFile(root, path) !== before) {
      throw new OperationError(`${path} was changed while azu ran; nothing was changed`, {
        hint: "Run the command again",
      });
    }
    await checkNoLink(root, path);
  }
}

/** Milliseconds to wait for another azu that writes to the folder. */
const LOCK_TIMEOUT = 5000;

/**
 * Keeps another azu from writing to the folder meanwhile. The system removes the lock when the
 * process ends.
 */
async function lockFolder(root: string): Promise<Disposable> {
  // Windows cannot open a folder.
  if (Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  const folder = await Deno.open(root);
  try {
    const late = () =>
      new OperationError(`Another azu has been writing to ${root} for ${LOCK_TIMEOUT / 1000} s`, {
        hint: "Wait until it ends, and run the command again",
      });
    await within(folder.lock(true), { ms: LOCK_TIMEOUT, late });
    return { [Symbol.dispose]: () => folder.close() };
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** A link could lead out of the app's folder. */
async function checkNoLink(root: string, path: string): Promise<void> {
  let current = root;
  for (const part of path.split("/")) {
    current = join(current, part);
    const found = await Deno.lstat(current).catch(() => undefined); // not there: nothing to follow
    if (found?.isSymlink) {
      throw new OperationError(`${current} is a symbolic link; nothing was changed`, {
        hint: "azu does not write through links: replace it with a file or folder",
      });
    }
  }
}

async function stage(root: string, file: PlannedFile, undo: (() => Promise<void>)[]) {
  const folders = file.path.split("/").slice(0, -1);
  await makeFolders(root, folders, undo);
  const temporary = join(root, ...folders, `.azu-${crypto.randomUUID()}`);
  undo.push(() => Deno.remove(temporary)); // also if the disk is full in the middle
  // Nobody else may read a file with secrets, at no time.
  const mode = file.before === undefined ? file.mode : 0o600;
  await Deno.writeTextFile(temporary, file.after, {
    createNew: true,
    ...(mode === undefined ? {} : { mode }),
  });
  if (file.before !== undefined && Deno.build.os !== "windows") {
    const { mode, uid, gid } = await Deno.stat(join(root, file.path));
    // Only root may give a file to somebody else, and only root's azu has another owner.
    if (uid !== Deno.uid()) await Deno.chown(temporary, uid, gid).catch(() => {});
    if (mode !== null) await Deno.chmod(temporary, mode & 0o7777);
  }
  return { temporary, file };
}

/** Creates missing folders below the root; undo removes them again. */
async function makeFolders(
  root: string,
  folders: readonly string[],
  undo: (() => Promise<void>)[],
): Promise<void> {
  for (let depth = 1; depth <= folders.length; depth++) {
    const folder = join(root, ...folders.slice(0, depth));
    try {
      await Deno.mkdir(folder);
      undo.push(() => Deno.remove(folder));
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

async function restore(path: string, { before }: PlannedFile): Promise<void> {
  if (before === undefined) await Deno.remove(path);
  else await Deno.writeTextFile(path, before);
}
