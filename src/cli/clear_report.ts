/** How a clear is told: to a person in lines, to a script in fields. */
import type { Backend, Target } from "../backends/contract.ts";
import type { ClearOutcome, ClearReport } from "../commands/session_clear.ts";
import type { Choice } from "../config/choose.ts";
import type { Project } from "../config/project.ts";
import type { Reporter } from "./reporter.ts";

/** The lines of an outcome. A check mark stands only where a count has found nothing left. */
export function tellReport(
  reporter: Reporter,
  report: ClearReport,
  project: Project,
  backend: Backend,
): void {
  const tellers: Record<ClearOutcome, () => void> = {
    cleared: () => {
      reporter.line(`Cleared ${report.cleared} session(s)`);
      reporter.verified("Sessions cleared successfully");
    },
    empty: () => reporter.line("No sessions found"),
    found: () =>
      reporter.line(
        report.remaining === 0
          ? "No sessions found"
          : `Would clear ${report.remaining} session(s); nothing was cleared`,
      ),
    partial: () => reporter.line(`Cleared ${report.cleared} session(s)`),
    failed: () => {
      if (report.cleared > 0) reporter.line(`Cleared ${report.cleared} session(s), then failed`);
    },
    interrupted: () => {
      reporter.line(`Cleared ${report.cleared} session(s), then interrupted`);
      reporter.note("Some sessions may remain: run the command again, it is safe to repeat");
    },
    impossible: () => {},
    declined: () => {},
  };
  tellers[report.outcome]();
  for (const { pattern, count } of report.lookAlikes) {
    reporter.warn(
      `${count} key(s) under ${pattern} look like sessions, but are not under ` +
        `${backend.describe().pattern ?? ""}: is the key prefix right?`,
    );
  }
  if (project.initializer?.clustered === true && report.cleared > 0) {
    reporter.warn(
      "The app keeps sessions in the local caches of its nodes: each may serve cleared ones until " +
        "its cache's TTL (30 s by default) or its restart",
    );
  }
}

/** Which backend, who says so, and what it works on: before anything is done. */
export function decisionLine({ backend, decidedByText }: Choice): string {
  const { address, pattern, table } = backend.describe();
  const parts = [
    `Backend decided by ${decidedByText}`,
    ...(address === undefined ? [] : [`target ${address}`]),
    ...(pattern === undefined ? [] : [`keys ${pattern}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
  ];
  return parts.join(", ");
}

/** The target as JSON documents have it. */
export function targetFields({ address, pattern, table }: Target) {
  return {
    target: address ?? null,
    ...(pattern === undefined ? {} : { pattern }),
    ...(table === undefined ? {} : { table }),
  };
}
