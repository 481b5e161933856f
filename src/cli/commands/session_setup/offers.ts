/** What setup may do to the user's own source only where somebody says so. */
import type { SetupPlan } from "../../../commands/session_setup.ts";
import { withOffers } from "../../../commands/session_setup.ts";
import { listed, printable } from "../../../core/text.ts";
import { ask, canAsk } from "../../terminal/prompts.ts";
import type { Host } from "../../terminal/host.ts";
import type { Reporter } from "../../terminal/reporter.ts";

/** The files of a plan that are offered to be changed. */
export function offersOf({ files }: SetupPlan): string[] {
  return files.filter(({ action }) => action === "offer").map(({ path }) => path);
}

/**
 * The plan to follow, by the answer of a person; without one to ask, nothing that is offered is
 * done. Undefined where the question was left unanswered: then nothing at all was agreed to.
 */
export async function agreedPlan(
  host: Host,
  reporter: Reporter,
  plan: SetupPlan,
): Promise<SetupPlan | undefined> {
  const paths = offersOf(plan);
  if (paths.length === 0 || reporter.options.json || !canAsk(host)) return plan;
  if (!host.stdout.isTerminal || reporter.options.quiet) {
    // Who does not see the diffs must still see what is asked about.
    for (const step of plan.offered) reporter.say(step);
  }
  const files = listed(paths.map(printable), "and");
  const answer = await ask(host, `Make the offered changes in ${files} too?`);
  if (answer === undefined) return undefined;
  return answer ? withOffers(plan) : plan;
}
