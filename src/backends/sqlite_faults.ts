import { messageOf } from "../core/errors.ts";

/** Whether another process writes at this moment: SQLite has then done nothing. */
export function isBusy(error: unknown): boolean {
  return /database (?:table |schema )?is locked|SQLITE_BUSY/.test(messageOf(error));
}
