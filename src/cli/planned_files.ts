/** Files that a command has planned: how they are shown, written and reported. */
import { changesOf, type PlannedFile, writeFiles } from "../app/plan.ts";
import { ExitCode, OperationError } from "../core/errors.ts";
import { listed } from "../core/text.ts";
import type { Host } from "./terminal/host.ts";
import type { Reporter } from "./terminal/reporter.ts";

/**
 * Lists the files, and shows a diff for each one that would change.
 * @param all Also show files that would be created, for a dry run.
 * @returns the diffs by path.
 */
export async function showFiles(
  reporter: Reporter,
  files: readonly PlannedFile[],
  all: boolean,
): Promise<ReadonlyMap<string, string>> {
  const diffs = new Map<string, string>();
  for (const { action, path } of files) reporter.line(`  ${action.padEnd(9)}  ${path}`);
  for (const file of files.filter((file) => isShown(file, all))) {
    const lines = (await import("./terminal/diff.ts")).diffLines(file);
    for (const { text, colour } of lines) reporter.line(text, colour);
    diffs.set(file.path, lines.map(({ text }) => text).join("\n"));
  }
  return diffs;
}

function isShown({ action }: PlannedFile, all: boolean): boolean {
  return action !== "unchanged" && (all || action !== "create");
}

export function fileFields(files: readonly PlannedFile[], diffs: ReadonlyMap<string, string>) {
  return files.map(({ path, action }) => ({ path, action, diff: diffs.get(path) }));
}

/**
 * The error of a command that would have to overwrite files.
 * @param advice What else the user can do.
 */
export function conflictError(
  files: readonly PlannedFile[],
  advice = "",
): OperationError | undefined {
  const paths = files.filter(({ action }) => action === "conflict").map(({ path }) => path);
  if (paths.length === 0) return undefined;
  const what = paths.length === 1 ? "exists and differs" : "exist and differ";
  return new OperationError(`${listed(paths, "and")} ${what}; nothing was changed`, {
    hint: `Pass --force to overwrite your files as the diff shows, or keep them${advice}`,
  });
}

/** The plan of a command that only writes files. */
export interface FilesToWrite {
  readonly command: string;
  /** The absolute path of the folder to write to. */
  readonly root: string;
  readonly files: readonly PlannedFile[];
  /** What else the user can do if files are in the way. */
  readonly advice?: string;
  /** What is left to do by hand. */
  readonly nextSteps?: readonly string[];
}

/** Shows the files, writes them and reports. */
export async function writeAndReport(
  host: Host,
  dryRun: boolean,
  reporter: Reporter,
  { command, root, files, advice, nextSteps = [] }: FilesToWrite,
): Promise<ExitCode> {
  const start = host.now().getTime();
  const diffs = await showFiles(reporter, files, dryRun);
  const conflict = conflictError(files, advice);
  const outcome = outcomeOf(conflict !== undefined, dryRun, changesOf(files).length);
  if (outcome === "written") await writeFiles(root, changesOf(files));
  if (outcome === "planned") reporter.line("Dry run: nothing was written");
  if (outcome === "written") reporter.verified(`Written to ${root}`);
  if (outcome === "unchanged") reporter.verified("Nothing to change: the files are up to date");
  if (conflict) reporter.error(conflict);
  else if (nextSteps.length > 0) {
    reporter.line("Next steps:");
    nextSteps.forEach((step, index) => reporter.line(`  ${index + 1}. ${step}`));
  }
  const exitCode = conflict ? ExitCode.failed : ExitCode.ok;
  reporter.document({
    command,
    dryRun,
    outcome,
    files: fileFields(files, diffs),
    ...(nextSteps.length === 0 ? {} : { nextSteps }),
    exitCode,
    durationMs: host.now().getTime() - start,
  }, conflict);
  return exitCode;
}

function outcomeOf(conflict: boolean, dryRun: boolean, changes: number) {
  if (conflict) return "conflict";
  if (dryRun) return "planned";
  return changes > 0 ? "written" : "unchanged";
}
