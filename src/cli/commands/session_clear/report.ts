/** How a clear is reported: as lines, and as JSON. */
import type { Backend, Target } from "../../../backends/contract.ts";
import type { ClearOutcome, ClearReport } from "../../../commands/session_clear/types.ts";
import { cacheTime } from "../../../commands/session_clear/nodes.ts";
import type { Environment } from "../../../config/project.ts";
import type { Choice } from "../../../config/choose.ts";
import { AzuError, type ExitCode } from "../../../core/errors.ts";
import { printable } from "../../../core/text.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/** The lines of a report. The check mark means that a second look has found nothing left. */
export function showReport(
  reporter: Reporter,
  report: ClearReport,
  backend: Backend,
  target: Target,
): void {
  const nodes = () => showNodes(reporter, report, backend);
  const show: Record<ClearOutcome, () => void> = {
    cleared: () => {
      reporter.line(`Cleared ${report.cleared} session(s)`);
      nodes();
      showReplicas(reporter, report);
      if (report.error === undefined) reporter.verified("Sessions cleared successfully");
      showArrived(reporter, report);
      if (report.advice !== undefined && !reporter.options.json) reporter.note(report.advice);
    },
    empty: () => {
      reporter.line("No sessions found");
      nodes();
      showReplicas(reporter, report);
      // No check mark if there may be sessions under another prefix.
      if (report.lookAlikes.length === 0 && report.error === undefined) {
        reporter.verified("Nothing to clear");
      }
      showArrived(reporter, report);
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
  show[report.outcome]();
  if (report.outcome === "found") showDoubts(reporter, report);
  showLookAlikes(reporter, report, target);
  if (report.error) reporter.error(report.error);
  const rest = restOf(report);
  if (rest === undefined) return;
  if (report.outcome === "interrupted") reporter.note(rest);
  else reporter.say(rest);
}

export function showDoubts(reporter: Reporter, { doubts }: ClearReport): void {
  if (doubts.length === 0) return;
  reporter.warn(`What is there may not be sessions: ${doubts.join("; ")}`);
}

export function showLookAlikes(
  reporter: Reporter,
  { lookAlikes }: ClearReport,
  target: Target,
): void {
  for (const { pattern, count } of lookAlikes) {
    reporter.warn(
      `${count} key(s) under ${pattern} look like sessions, but are not under ` +
        `${target.pattern ?? ""}: is the key prefix right?`,
    );
  }
}

/** Sessions created during the clear do not count as left over, but the operator should know. */
function showArrived(reporter: Reporter, { arrived = 0 }: ClearReport): void {
  if (arrived === 0) return;
  reporter.warn(
    `${arrived} session(s) were written during the clear and are there now: the app is still ` +
      "running. To log out everybody, stop the app and run the command again",
  );
}

function showReplicas(reporter: Reporter, { replicas }: ClearReport): void {
  if (replicas === undefined) return;
  reporter.line(`At least ${replicas} replica(s) of each server have caught up`);
}

/** Says whether the app's nodes may still serve cleared sessions from their caches. */
function showNodes(
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
    // Skip the warning if the error already reports this.
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
      `No app node listens${where}: nodes that are running may serve cleared ` +
        `sessions for ${cacheTime(backend)}: restart them, or check the channel`,
    );
  }
}

/** Formats the result of an incomplete clear. */
export function clearedThen({ cleared, cutOff }: ClearReport, end: string): string {
  return `Cleared ${cutOff?.isUncertain ? "at least " : ""}${cleared} session(s), then ${end}`;
}

/** The line about an interrupted clear; undefined if it had not connected yet. */
export function interruptionLine(report: ClearReport): string | undefined {
  const { cleared, cutOff, remaining } = report;
  if (cutOff?.begun || remaining !== undefined) {
    return cleared === 0 && cutOff?.isUncertain
      ? "Interrupted; no session is known to be gone"
      : clearedThen(report, "interrupted");
  }
  return cutOff === undefined ? undefined : "Interrupted before anything was cleared";
}

/** How many sessions are gone and how many may remain, after a clear that did not succeed. */
export function restOf(report: ClearReport): string | undefined {
  const { outcome, cleared, remaining, error } = report;
  if (outcome !== "partial" && outcome !== "failed" && outcome !== "interrupted") return undefined;
  const safe = /\bsafe\b/.test(`${error?.message} ${error?.hint}`)
    ? ""
    : ": running the command again is safe";
  if (remaining === 0) {
    if (outcome !== "interrupted") return undefined;
    const untold = report.nodes?.untold instanceof AzuError;
    const open = untold ? "the app's nodes may not know it" : "replicas may not have caught up";
    return `None remain, but ${open}${safe}`;
  }
  if (remaining !== undefined) return `${cleared} session(s) are gone, ${remaining} remain${safe}`;
  const { cutOff } = report;
  if (cutOff === undefined) return undefined;
  if (!cutOff.begun) return outcome === "interrupted" ? undefined : "Nothing was cleared";
  const gone = cleared === 0
    ? `No session ${cutOff.isUncertain ? "is known to be" : "is"} gone`
    : `${cutOff.isUncertain ? "At least " : ""}${cleared} session(s) are gone`;
  return `${gone}; it is not known how many remain${safe}`;
}

export interface Circumstances {
  readonly choice: Choice;
  readonly environment: Environment;
  readonly target: Target;
  readonly dryRun: boolean;
  readonly exitCode: ExitCode;
  /** Milliseconds from the start of the command. */
  readonly durationMs: number;
}

export function clearFields(
  report: ClearReport,
  { choice, environment, target, dryRun, exitCode, durationMs }: Circumstances,
): Record<string, unknown> {
  return {
    command: "session:clear",
    backend: choice.backend.name,
    decidedBy: choice.decidedBy,
    environment: environment.name,
    environmentFrom: environment.namedBy ?? null,
    ...targetFields(choice.backend, target),
    dryRun,
    outcome: report.outcome,
    cleared: report.cleared,
    remaining: report.remaining ?? null,
    arrived: report.arrived ?? null,
    lookAlikes: report.lookAlikes,
    doubts: report.doubts,
    nodesTold: report.nodes?.told ?? null,
    replicasFollowed: report.replicas ?? null,
    ...(report.advice === undefined ? {} : { advice: report.advice }),
    exitCode,
    durationMs,
  };
}

function targetFields({ nodeCache }: Backend, target: Target) {
  const { address, addressFrom, pattern, table } = target;
  return {
    target: address ?? null,
    targetFrom: addressFrom ?? null,
    ...(pattern === undefined ? {} : { pattern }),
    ...(table === undefined ? {} : { table }),
    ...(nodeCache === undefined ? {} : { channel: nodeCache.channel }),
  };
}
