/** The file of a SQLite database. */
import { OperationError } from "../../core/errors.ts";
import { explainDatabaseError } from "../sql/errors.ts";
import type { DatabaseTarget } from "../sql/target.ts";

/** @throws {AzuError} where there is none, or it is a folder. */
export async function checkFile(path: string, target: DatabaseTarget): Promise<void> {
  const found = await Deno.stat(path).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw explainDatabaseError(error, target);
  });
  if (found?.isFile) return;
  if (found !== undefined) {
    throw new OperationError(`${path} is not a file (${target.address})`, {
      hint: "Check DATABASE_URL (or session.backends.database.url)",
    });
  }
  throw new OperationError(`The database file ${path} does not exist (${target.address})`, {
    hint: "Check DATABASE_URL (or session.backends.database.url); relative paths start at " +
      `${target.root}. \`azu session:setup --backend database --apply\` creates it`,
  });
}
