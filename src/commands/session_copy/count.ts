/** Counts what would be read, for the question before a copy. */
import type { Backend } from "../../backends/contract.ts";
import { listSessions } from "../session_list/list.ts";
import type { ListRequest } from "../session_list/list.ts";
import type { AzuError } from "../../core/errors.ts";

type CountRequest = Omit<ListRequest, "onlyCount" | "homes" | "limit" | "sort" | "onSessions">;

/** How a count ended that has no result. */
interface NoCount {
  readonly outcome: "failed" | "interrupted" | "impossible";
  readonly error?: AzuError;
}

/** @returns the number of sessions; or how the count ended, if there is none. */
export async function countSource(
  source: Backend,
  request: CountRequest,
): Promise<number | NoCount> {
  const { outcome, count, error } = await listSessions([source], {
    ...request,
    onlyCount: true,
    homes: undefined,
    limit: undefined,
    sort: undefined,
    onSessions: () => true,
  });
  if (count !== undefined) return count;
  const ended = outcome === "interrupted" || outcome === "impossible" ? outcome : "failed";
  return { outcome: ended, ...(error === undefined ? {} : { error }) };
}
