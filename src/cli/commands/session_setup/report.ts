/** How a set-up is told to a person. */
import { targetOf } from "../../../commands/backend_answers.ts";
import type { SetupPlan } from "../../../commands/session_setup.ts";
import { canAsk } from "../../terminal/prompts.ts";
import type { Host } from "../../terminal/host.ts";
import { offersOf } from "./offers.ts";
import type { ParsedArgs } from "../../parse.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/** What was done: a check mark stands where the files are there as planned. */
export function showDone(
  reporter: Reporter,
  { choice, files }: SetupPlan,
  nothing: boolean,
  table: "created" | "present" | undefined,
): void {
  const { address, table: name } = targetOf(choice.backend);
  if (table !== undefined) {
    const where = `${name ?? ""} in ${address ?? ""}`;
    reporter.line(
      table === "created"
        ? `Created the table ${where}, with its indexes`
        : `The table ${where} is there already`,
    );
  }
  const unchanged = files.filter(({ action }) => action === "unchanged").length;
  reporter.verified(
    nothing
      ? `Nothing to change: ${unchanged} file(s) are as they should be`
      : "Sessions are set up",
  );
}

/** All that is left to do by hand. */
export function stepsOf({ nextSteps, offered }: SetupPlan): string[] {
  return [...nextSteps, ...offered];
}

/** The steps, and how those that are offered can be left to azu. */
export function showNextSteps(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  plan: SetupPlan,
): void {
  const steps = stepsOf(plan);
  if (steps.length === 0) return reporter.line("Nothing is left to do");
  reporter.line("Next steps:");
  steps.forEach((step, index) => reporter.line(`  ${index + 1}. ${step}`));
  const wasAsked = canAsk(host) && !args.flag("dry-run");
  if (offersOf(plan).length > 0 && !wasAsked) {
    reporter.line("With --yes, azu makes the offered changes itself");
  }
}
