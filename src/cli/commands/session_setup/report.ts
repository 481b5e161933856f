/** The lines about a setup. */
import type { TableChanges } from "../../../backends/contract.ts";
import type { TableOutcome } from "../../../commands/session_setup/apply.ts";
import type { SetupPlan } from "../../../commands/session_setup/plan.ts";
import { listed, printable } from "../../../core/text.ts";
import { canAsk } from "../../terminal/prompts.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/** `redis`, or `redis; memory (development, test)` with the backend of all others first. */
export function backendsText({ "*": usual = "", ...named }: SetupPlan["backends"]): string {
  const others = Object.entries(named).filter(([, backend]) => backend !== usual);
  const groups = Map.groupBy(others, ([, backend]) => backend);
  const texts = [...groups].map(([backend, environments]) =>
    `${backend} (${environments.map(([name]) => printable(name)).join(", ")})`
  );
  return [usual, ...texts].join("; ");
}

/**
 * What a table lacks, how it is added, and what that means for others.
 * @param isAsked Whether a question follows, so that it is shown with --quiet, too.
 */
export function showChanges(
  reporter: Reporter,
  { tableBackend }: SetupPlan,
  { missing, statements, effect }: TableChanges,
  isAsked: boolean,
): void {
  const { address, table } = tableBackend.describe();
  const lines = [
    `The table ${table ?? ""} in ${address ?? ""} lacks ${listed(missing, "and")}:`,
    ...statements.map((statement) => `  ${statement};`),
    effect,
  ];
  for (const line of lines) {
    if (isAsked) reporter.say(line);
    else reporter.note(line);
  }
}

/** What was done. The check mark means that the files are as planned. */
export function showDone(
  reporter: Reporter,
  { tableBackend, files, offered }: SetupPlan,
  nothing: boolean,
  table: TableOutcome | undefined,
): void {
  if (table !== undefined) {
    const { address, table: name } = tableBackend.describe();
    const which = `table ${name ?? ""} in ${address ?? ""}`;
    if (table === "created") reporter.line(`Created the ${which}, with its indexes`);
    else if (table === "changed") reporter.line(`Changed the ${which}`);
    else reporter.line(`The ${which} already exists`);
  }
  const unchanged = files.filter(({ action }) => action === "unchanged").length;
  if (!nothing) return reporter.verified("Sessions are set up");
  const line = `Nothing to change: ${unchanged} file(s) are up to date`;
  // No check mark above changes that are still to be made.
  if (offered.length > 0) reporter.line(`${line}, but the app's source is not complete`);
  else reporter.verified(line);
}

/** What is left to do by hand. */
export function stepsOf({ nextSteps, offered }: SetupPlan): string[] {
  return [...nextSteps, ...offered];
}

/** The next steps, and how azu can make the offered changes. */
export function showNextSteps(
  host: Host,
  dryRun: boolean,
  reporter: Reporter,
  plan: SetupPlan,
): void {
  const steps = stepsOf(plan);
  if (steps.length === 0) return reporter.line("Nothing is left to do");
  reporter.line("Next steps:");
  steps.forEach((step, index) => reporter.line(`  ${index + 1}. ${step}`));
  const wasAsked = canAsk(host) && !dryRun;
  if (offersOf(plan).length > 0 && !wasAsked) {
    reporter.line("With --yes, azu makes the offered changes");
  }
}

/** The files whose changes are offered. */
export function offersOf({ files }: SetupPlan): string[] {
  return files.filter(({ action }) => action === "offer").map(({ path }) => path);
}
