/** What checks ask of files. */
import { AzuError, isMissing } from "../../core/errors.ts";

/** The permissions of a file; undefined if there is none, or the system has no such thing. */
export async function modeOf(path: string): Promise<number | undefined> {
  try {
    const { mode } = await Deno.stat(path);
    return mode === null || Deno.build.os === "windows" ? undefined : mode & 0o777;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What became of a promise whose failure is a finding. Bugs are thrown. */
export async function settled<T>(
  promise: Promise<T>,
): Promise<{ readonly value: T } | { readonly error: AzuError }> {
  try {
    return { value: await promise };
  } catch (error) {
    if (error instanceof AzuError) return { error };
    throw error;
  }
}
