/** Counts what would be read, for the question before a copy. */
import type { Backend } from "../../backends/contract.ts";
import { listSessions } from "../session_list/list.ts";
import type { ListRequest } from "../session_list/list.ts";
import type { CopyReport } from "./types.ts";

type CountRequest = Omit<ListRequest, "onlyCount" | "homes" | "limit" | "sort" | "onSessions">;

/** @returns the number of sessions; or how the count ended, if there is none. */
export async function countSource(
  source: Backend,
  request: CountRequest,
): Promise<number | Pick<CopyReport, "outcome" | "error">> {
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
