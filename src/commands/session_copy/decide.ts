/** Decides what becomes of a session, from what the source and the target have. */
import { isSamePayload, SAME_TIME } from "../../backends/same_session.ts";
import type { StoredSession } from "../../backends/stored.ts";

/**
 * - `create`: the target lacks it.
 * - `replace`: the source's was visited later.
 * - `extend`: the source's expires later, and is the same otherwise.
 * - `same`: the target has it.
 * - `keep`: the target's was visited later, or at the same time.
 * - `unclear`: they differ, and it is not known which was visited later.
 * - `removed`: an earlier copy has put or found it at the target, and it is not there any more.
 * - `expired`: it has expired at the source.
 */
export type Decision =
  | "create"
  | "replace"
  | "extend"
  | "same"
  | "keep"
  | "unclear"
  | "removed"
  | "expired";

/**
 * @param isKnown Whether an earlier copy has put or found the session at the target.
 * @param now Milliseconds since 1970.
 */
export function decide(
  source: StoredSession,
  target: StoredSession | undefined,
  isKnown: boolean,
  now: number,
): Decision {
  if (source.expiresAt !== null && source.expiresAt <= now) return "expired";
  if (target === undefined) return isKnown ? "removed" : "create";
  if (isSamePayload(source, target)) {
    return later(source.expiresAt, target.expiresAt, SAME_TIME) ? "extend" : "same";
  }
  if (source.visitedAt === null || target.visitedAt === null) return "unclear";
  const [visit, visitThere] = [wholeSeconds(source.visitedAt), wholeSeconds(target.visitedAt)];
  if (visit !== visitThere) return visit > visitThere ? "replace" : "keep";
  // Each visit prolongs a session.
  return later(source.expiresAt, target.expiresAt, 1) ? "replace" : "keep";
}

/** Payloads tell the time of a visit in whole seconds, and columns in finer ones. */
function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** Whether one expiry is later than another, by so many milliseconds at least. */
function later(one: number | null, other: number | null, least: number): boolean {
  if (other === null) return false;
  return one === null || one - other >= least;
}
