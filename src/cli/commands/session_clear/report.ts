/** How a removal of sessions is reported, a clear or a revocation: as lines, and as JSON. */
import type { Backend, Target } from "../../../backends/contract.ts";
import type { ClearOutcome, ClearReport } from "../../../commands/session_clear/types.ts";
import { cacheTime } from "../../../commands/session_clear/nodes.ts";
import { capitalized, CLEAR, type Words } from "../../../commands/session_clear/words.ts";
import { AzuError, type ExitCode } from "../../../core/errors.ts";
import { factNames, factsOf, type Selection } from "../../../core/selection.ts";
import { totalOf } from "../../../commands/session_clear/total.ts";
import { placeText } from "../../decision.ts";
import {
  endFields,
  type Operation,
  operationFields,
  placeFields,
  type StorePlace,
} from "../../operation.ts";
import { printable } from "../../../core/text.ts";
import type { RemovalEnd } from "../../removal.ts";
import { errorField, type Reporter } from "../../terminal/reporter.ts";

/** Says which of several stores the next lines are about. */
export function showHeading(reporter: Reporter, place: StorePlace): void {
  reporter.line(`${placeText(place)}:`);
}

/** The lines of a report. The check mark means that a second look has found nothing left. */
export function showReport(
  reporter: Reporter,
  report: ClearReport,
  { choice: { backend }, target }: StorePlace,
  words: Words,
  selection: Selection = [],
): void {
  const nodes = () => showNodes(reporter, report, backend, words);
  const removed = `${capitalized(words.done)} ${report.cleared} session(s)`;
  const show: Record<ClearOutcome, () => void> = {
    cleared: () => {
      reporter.line(removed);
      nodes();
      showReplicas(reporter, report);
      if (report.error === undefined) reporter.verified(words.success);
      showArrived(reporter, report, words);
      if (report.advice !== undefined && !reporter.options.json) reporter.note(report.advice);
    },
    empty: () => {
      reporter.line(words.none);
      nodes();
      showReplicas(reporter, report);
      // No check mark if there may be sessions under another prefix.
      if (report.lookAlikes.length === 0 && report.error === undefined) {
        reporter.verified(`Nothing to ${words.verb}`);
      }
      showArrived(reporter, report, words);
    },
    found: () =>
      reporter.line(
        report.remaining === 0
          ? words.none
          : `Would ${words.verb} ${report.remaining} session(s); nothing was ${words.done}`,
      ),
    partial: () => {
      reporter.line(removed);
      nodes();
    },
    failed: () => {
      if (report.cleared > 0) {
        const isDone = report.remaining === 0;
        reporter.line(
          isDone ? removed : clearedThen(report, "failed", words),
        );
      }
      nodes();
    },
    interrupted: () => {
      const line = interruptionLine(report, words);
      if (line !== undefined) reporter.line(line);
      nodes();
    },
    impossible: () => {},
    declined: () => {},
  };
  show[report.outcome]();
  if (report.outcome === "found") showDoubts(reporter, report);
  showUnreadable(reporter, report.unreadable, selection);
  showLookAlikes(reporter, report, target);
  if (report.error) reporter.error(report.error);
  const rest = restOf(report, words);
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

/** Says which facts some sessions do not tell, so that they were not selected. */
export function showUnreadable(
  reporter: Reporter,
  unreadable: number,
  selection: Selection,
): void {
  if (unreadable === 0) return;
  const facts = factsOf(selection);
  const record = facts.includes("ip") ? " (session.record.ip in the config makes it do so)" : "";
  reporter.warn(
    `${unreadable} session(s) do not tell ${factNames(facts, "or")}, and were not selected: ` +
      `the app did not record it${record}, or azu cannot read their payload`,
  );
}

/** New sessions do not count as left over, but the operator should know about them. */
function showArrived(reporter: Reporter, { arrived = 0 }: ClearReport, words: Words): void {
  if (arrived > 0) reporter.warn(words.arrived(arrived));
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
  { done }: Words,
): void {
  if (nodes === undefined) return;
  const { told, untold } = nodes;
  const consequence = `may serve ${done} sessions from its cache for ${cacheTime(backend)}`;
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
      `No app node listens${where}: nodes that are running may serve ${done} ` +
        `sessions for ${cacheTime(backend)}: restart them, or check the channel`,
    );
  }
}

/** Formats the result of an incomplete clear. */
export function clearedThen(
  { cleared, cutOff }: ClearReport,
  end: string,
  { done }: Words = CLEAR,
): string {
  return `${capitalized(done)} ${
    cutOff?.isUncertain ? "at least " : ""
  }${cleared} session(s), then ${end}`;
}

/** The line about an interrupted clear; undefined if it had not connected yet. */
export function interruptionLine(
  report: ClearReport,
  words: Words = CLEAR,
): string | undefined {
  const { cleared, cutOff, remaining } = report;
  if (cutOff?.begun || remaining !== undefined) {
    return cleared === 0 && cutOff?.isUncertain
      ? "Interrupted; no session is known to be gone"
      : clearedThen(report, "interrupted", words);
  }
  return cutOff === undefined ? undefined : `Interrupted before anything was ${words.done}`;
}

/** How many sessions are gone and how many may remain, after a clear that did not succeed. */
export function restOf(report: ClearReport, words: Words = CLEAR): string | undefined {
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
  if (!cutOff.begun) return outcome === "interrupted" ? undefined : `Nothing was ${words.done}`;
  const gone = cleared === 0
    ? `No session ${cutOff.isUncertain ? "is known to be" : "is"} gone`
    : `${cutOff.isUncertain ? "At least " : ""}${cleared} session(s) are gone`;
  return `${gone}; it is not known how many remain${safe}`;
}

/** The document of `session:clear`. */
export function clearFields(
  ends: readonly RemovalEnd[],
  operation: Operation,
  { dryRun, exitCode }: { readonly dryRun: boolean; readonly exitCode: ExitCode },
): Record<string, unknown> {
  const countFields = (report: ClearReport) => ({
    outcome: report.outcome,
    cleared: report.cleared,
    remaining: report.remaining ?? null,
    arrived: report.arrived ?? null,
    lookAlikes: report.lookAlikes,
    doubts: report.doubts,
    ...followUpFields(report),
  });
  return {
    command: "session:clear",
    ...operationFields(operation),
    dryRun,
    ...countFields(totalOf(ends.map(({ report }) => report))),
    ...storesField(ends, countFields),
    ...endFields(operation, exitCode),
  };
}

/** The field `stores`, if there are several. */
export function storesField(
  ends: readonly RemovalEnd[],
  countFields: (report: ClearReport) => Readonly<Record<string, unknown>>,
) {
  if (ends.length < 2) return {};
  const stores = ends.map(({ place, report }) => {
    return { ...placeFields(place), ...countFields(report), ...errorField(report.error) };
  });
  return { stores };
}

/** The fields about what precedes and follows a removal. */
export function followUpFields({ evidence, nodes, replicas, advice }: ClearReport) {
  return {
    evidence: evidence ?? null,
    nodesTold: nodes?.told ?? null,
    replicasFollowed: replicas ?? null,
    ...(advice === undefined ? {} : { advice }),
  };
}
