/** What is left after a clear that did not end well: how many are gone, how many may remain. */
import type { ClearReport } from "../../../commands/clear_types.ts";
import { AzuError } from "../../../core/errors.ts";

/** How many are gone of a clear that was cut off, as its last line says it, too. */
export function clearedThen({ cleared, cutOff }: ClearReport, end: string): string {
  return `Cleared ${cutOff?.isUncertain ? "at least " : ""}${cleared} session(s), then ${end}`;
}

/** How an interrupted clear ended; undefined where nothing had been asked of the store yet. */
export function interruptionLine(report: ClearReport): string | undefined {
  const { cleared, cutOff, remaining } = report;
  if (cutOff?.begun || remaining !== undefined) {
    return cleared === 0 && cutOff?.isUncertain
      ? "Interrupted before any session is known to be gone"
      : clearedThen(report, "interrupted");
  }
  return cutOff === undefined ? undefined : "Interrupted before anything was cleared";
}

/** The sentence that an operator goes on from; undefined where everything has been said. */
export function restOf(report: ClearReport): string | undefined {
  const { outcome, cleared, remaining, error } = report;
  if (outcome !== "partial" && outcome !== "failed" && outcome !== "interrupted") return undefined;
  const safe = /safe to repeat/.test(error?.hint ?? "")
    ? ""
    : ": running the command again is safe";
  if (remaining === 0) {
    if (outcome !== "interrupted") return undefined;
    const untold = report.nodes?.untold instanceof AzuError;
    const open = untold ? "the app's nodes have heard of it" : "replicas have followed";
    return `None remain, but whether ${open} is not known${safe}`;
  }
  if (remaining !== undefined) return `${cleared} session(s) are gone, ${remaining} remain${safe}`;
  const { cutOff } = report;
  if (cutOff === undefined) return undefined;
  if (!cutOff.begun) return outcome === "interrupted" ? undefined : `Nothing was cleared${safe}`;
  const gone = cleared === 0
    ? `No session ${cutOff.isUncertain ? "is known to be" : "is"} gone`
    : `${cutOff.isUncertain ? "At least " : ""}${cleared} session(s) are gone`;
  const left = (cutOff.total ?? 0) - cleared;
  const others = left > 0 ? `about ${left}` : cleared === 0 ? "some" : "others";
  return `${gone}, ${others} may remain${safe}`;
}
