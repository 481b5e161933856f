/** Carries out the plan of `session:setup`. */
import { changesOf, checkWritable, writeFiles } from "../../app/plan.ts";
import { messageOf, OperationError } from "../../core/errors.ts";
import { guarded } from "../guard.ts";
import type { SetupPlan } from "./plan.ts";

/**
 * Writes the planned files, all or none, and creates the table with `--apply`.
 * @returns whether the table was created or already existed; undefined without `--apply`.
 */
export async function applySetup(
  root: string,
  plan: SetupPlan,
  signal: AbortSignal,
): Promise<"created" | "present" | undefined> {
  const files = changesOf(plan.files);
  if (plan.statements.length === 0) {
    await writeFiles(root, files);
    return undefined;
  }
  // The database first: if it cannot be reached, no file is changed.
  await checkWritable(root, files);
  await using store = await guarded(
    signal,
    () => plan.choice.backend.connect(signal, { purpose: "create" }),
  );
  await writeFiles(root, files);
  try {
    return await guarded(signal, async () => await store.createTable?.(signal));
  } catch (error) {
    signal.throwIfAborted();
    if (files.length === 0) throw error;
    const problem = `${messageOf(error)}; the files were written, but the table was not created`;
    const hint = "Correct the cause, then run the same command again";
    throw new OperationError(problem, { hint, cause: error });
  }
}
