/** Carries out the plan of `session:setup`. */
import { changesOf, checkWritable, type PlannedFile, writeFiles } from "../../app/plan.ts";
import type { Store, TableChanges } from "../../backends/contract.ts";
import { messageOf, OperationError } from "../../core/errors.ts";
import { guarded } from "../guard.ts";
import type { SetupPlan } from "./plan.ts";

/** What was done with the table. `declined`: nothing was done, and no file was written. */
export type TableOutcome = "created" | "present" | "changed" | "declined";

/**
 * Writes the planned files, all or none. With `--apply`, also creates the table, or adds what it
 * lacks.
 * @param agree Whether to add it.
 * @returns undefined without `--apply`.
 */
export async function applySetup(
  root: string,
  plan: SetupPlan,
  signal: AbortSignal,
  agree: (changes: TableChanges) => Promise<boolean>,
): Promise<TableOutcome | undefined> {
  const files = changesOf(plan.files);
  if (plan.statements.length === 0) {
    await writeFiles(root, files);
    return undefined;
  }
  // The database first: if it cannot be reached, no file is changed.
  await checkWritable(root, files);
  await using store = await guarded(
    signal,
    () => plan.tableBackend.connect(signal, { purpose: "create" }),
  );
  const changes = await guarded(signal, async () => await store.missingInTable?.(signal));
  if (changes !== undefined && !await agree(changes)) return "declined";
  await writeFiles(root, files);
  return await inDatabase(signal, files, store, changes);
}

async function inDatabase(
  signal: AbortSignal,
  files: readonly PlannedFile[],
  store: Store,
  changes: TableChanges | undefined,
): Promise<TableOutcome | undefined> {
  try {
    if (changes !== undefined) {
      await guarded(signal, async (alive) => {
        await store.changeTable?.(changes, signal, { onProgress: alive });
      });
    }
    const table = await guarded(signal, async () => await store.createTable?.(signal));
    return changes === undefined ? table : "changed";
  } catch (error) {
    signal.throwIfAborted();
    if (files.length === 0) throw error;
    const undone = changes === undefined ? "created" : "changed";
    const problem = `${messageOf(error)}; the files were written, but the table was not ${undone}`;
    const hint = "Correct the cause, then run the same command again";
    throw new OperationError(problem, { hint, cause: error });
  }
}
