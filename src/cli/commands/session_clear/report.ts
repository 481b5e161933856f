/** How a clear is told to a person. */
import type { Backend, Target } from "../../../backends/contract.ts";
import { cacheTime } from "../../../commands/nodes.ts";
import type { ClearOutcome, ClearReport } from "../../../commands/clear_types.ts";
import type { Choice } from "../../../config/choose.ts";
import { printable } from "../../../core/text.ts";
import { clearedThen, interruptionLine, restOf } from "./rest.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/** The lines of an outcome. A check mark stands only where a look has found nothing left. */
export function tellReport(
  reporter: Reporter,
  report: ClearReport,
  backend: Backend,
  target: Target,
): void {
  const nodes = () => tellNodes(reporter, report, backend);
  const tellers: Record<ClearOutcome, () => void> = {
    cleared: () => {
      reporter.line(`Cleared ${report.cleared} session(s)`);
      nodes();
      tellReplicas(reporter, report);
      reporter.verified("Sessions cleared successfully");
      tellArrived(reporter, report);
      if (report.advice !== undefined && !reporter.options.json) reporter.note(report.advice);
    },
    empty: () => {
      reporter.line("No sessions found");
      nodes();
      tellReplicas(reporter, report);
      // Sessions under another prefix may be those that were meant.
      if (report.lookAlikes.length === 0) reporter.verified("Nothing to clear");
      tellArrived(reporter, report);
    },
    found: () =>
      reporter.line(
        report.remaining === 0
          ? "No sessions found"
          : `Would clear ${report.remaining} session(s); nothing was cleared`,
      ),
    partial: () => {
      reporter.line(`Cleared ${report.cleared} session(s)`);
      nodes();
    },
    failed: () => {
      if (report.cleared > 0) {
        // What has failed then is another thing.
        const isDone = report.remaining === 0;
        reporter.line(
          isDone ? `Cleared ${report.cleared} session(s)` : clearedThen(report, "failed"),
        );
      }
      nodes();
    },
    interrupted: () => {
      const line = interruptionLine(report);
      if (line !== undefined) reporter.line(line);
      nodes();
    },
    impossible: () => {},
    declined: () => {},
  };
  tellers[report.outcome]();
  tellLookAlikes(reporter, report, target);
  if (report.error) reporter.error(report.error);
  const rest = restOf(report);
  if (rest === undefined) return;
  if (report.outcome === "interrupted") reporter.note(rest);
  else reporter.say(rest);
}

function tellLookAlikes(reporter: Reporter, { lookAlikes }: ClearReport, target: Target): void {
  for (const { pattern, count } of lookAlikes) {
    reporter.warn(
      `${count} key(s) under ${pattern} look like sessions, but are not under ` +
        `${target.pattern ?? ""}: is the key prefix right?`,
    );
  }
}

/** New sessions are none of those that were to be cleared, but somebody has begun them. */
function tellArrived(reporter: Reporter, { arrived = 0 }: ClearReport): void {
  if (arrived === 0) return;
  reporter.warn(
    `${arrived} session(s) were written while the clear ran, and are there now: the app still ` +
      "runs. Where nobody may stay logged in, stop the app and run the command again",
  );
}

function tellReplicas(reporter: Reporter, { replicas }: ClearReport): void {
  if (replicas?.followed === undefined) return;
  reporter.line(`${replicas.followed} replica(s) have followed, of each server`);
}

/** Whether the app's nodes still serve from their caches what is gone from the store. */
function tellNodes(
  reporter: Reporter,
  { nodes, error }: ClearReport,
  backend: Backend,
): void {
  if (nodes === undefined) return;
  const { told, untold } = nodes;
  const consequence = `may serve cleared sessions from its cache for ${cacheTime(backend)}`;
  if (untold === "as asked") {
    reporter.warn(`The app's nodes were not told (--no-broadcast): each ${consequence}`);
  } else if (untold !== undefined) {
    // Where there is nothing worse, the error says it.
    if (error?.cause !== untold) {
      reporter.warn(`The app's nodes could not be told: each ${consequence} (${untold.message})`);
    }
  } else if (told > 0) {
    reporter.line(`Told ${told} app node(s) to drop their cached sessions`);
  } else {
    const { nodeCache } = backend;
    const where = nodeCache === undefined
      ? ""
      : ` on the channel "${printable(nodeCache.channel)}"`;
    reporter.warn(
      `No app node listens${where}: any that runs would keep serving cleared ` +
        `sessions for ${cacheTime(backend)}; restart them, or check the channel`,
    );
  }
}

/** Which backend, who says so, and what it works on: before anything is done. */
export function decisionLine({ backend, decidedByText }: Choice, target: Target): string {
  const { nodeCache } = backend;
  const { address, pattern, table } = target;
  const parts = [
    `Backend decided by ${decidedByText}`,
    ...(address === undefined ? [] : [`target ${address}`]),
    ...(pattern === undefined ? [] : [`keys ${pattern}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
    ...(nodeCache === undefined ? [] : [`channel ${nodeCache.channel}`]),
  ];
  return parts.join(", ");
}
