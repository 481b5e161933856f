import { messageOf } from "../../core/errors.ts";

/** SQLite's code of what a trigger's RAISE says, which may be anything. */
const RAISED = 1811;

export function isRaised(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === RAISED;
}

/** Whether another process writes at this moment: SQLite has then done nothing. */
export function isBusy(error: unknown): boolean {
  return !isRaised(error) &&
    /database (?:table |schema )?is locked|SQLITE_BUSY/.test(messageOf(error));
}
