/** How planned files are shown: the same in every command that writes some. */
import type { PlannedFile } from "../../../app/plan.ts";
import { OperationError } from "../../../core/errors.ts";
import { listed } from "../../../core/text.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/**
 * Lists the files, with a diff of each that is there and would change.
 * @param all Also show those that would be created: for a dry run.
 * @returns the diffs, by path.
 */
export async function showFiles(
  reporter: Reporter,
  files: readonly PlannedFile[],
  all: boolean,
): Promise<ReadonlyMap<string, string>> {
  const diffs = new Map<string, string>();
  for (const { action, path } of files) reporter.line(`  ${action.padEnd(9)}  ${path}`);
  for (const file of files.filter((file) => isShown(file, all))) {
    const lines = (await import("../../terminal/diff.ts")).diffLines(file);
    for (const { text, colour } of lines) reporter.line(text, colour);
    diffs.set(file.path, lines.map(({ text }) => text).join("\n"));
  }
  return diffs;
}

function isShown({ action }: PlannedFile, all: boolean): boolean {
  return action !== "unchanged" && (all || action !== "create");
}

/** The files as JSON documents list them. */
export function fileFields(files: readonly PlannedFile[], diffs: ReadonlyMap<string, string>) {
  return files.map(({ path, action }) => ({ path, action, diff: diffs.get(path) }));
}

/**
 * What a command says that would have to overwrite files; undefined where none is in its way.
 * @param advice What else there is to do.
 */
export function conflictError(
  files: readonly PlannedFile[],
  advice = "",
): OperationError | undefined {
  const paths = files.filter(({ action }) => action === "conflict").map(({ path }) => path);
  if (paths.length === 0) return undefined;
  const what = paths.length === 1 ? "exists and differs" : "exist and differ";
  return new OperationError(`${listed(paths, "and")} ${what}; nothing was changed`, {
    hint: "The diff is what --force would do: pass --force to overwrite, or keep your own" +
      advice,
  });
}
