import { changesOf } from "../../../app/plan.ts";
import { applySetup } from "../../../commands/apply_setup.ts";
import { planSetup, type SetupPlan, withOffers } from "../../../commands/session_setup.ts";
import { AzuError, ExitCode } from "../../../core/errors.ts";
import { conflictError, fileFields, showFiles } from "../files/show.ts";
import type { Host } from "../../terminal/host.ts";
import { Interruption } from "../../terminal/host.ts";
import { agreedPlan } from "./offers.ts";
import type { ParsedArgs } from "../../parse.ts";
import { loadProjectFor } from "../../project.ts";
import type { Reporter } from "../../terminal/reporter.ts";
import { showDone, showNextSteps, stepsOf } from "./report.ts";

/**
 * How a set-up ended: `planned` is a dry run; `conflict`, and `declined` where a question was left
 * unanswered, have changed nothing.
 */
type SetupOutcome =
  | "written"
  | "unchanged"
  | "planned"
  | "conflict"
  | "declined"
  | "failed"
  | "interrupted";

interface SetupResult {
  /** What was followed: the plan as it was shown, or with what it offers. */
  readonly plan: SetupPlan;
  readonly outcome: SetupOutcome;
  readonly exitCode: ExitCode;
  readonly table?: "created" | "present";
  readonly error?: AzuError;
}

/** `azu session:setup` */
export async function sessionSetup(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
): Promise<ExitCode> {
  if (args.flag("eject")) return await (await import("./eject.ts")).eject(host, args, reporter);
  const start = host.now().getTime();
  // What is written serves every environment: AZU_ENV only tells whose backend is set up.
  const project = await loadProjectFor(host, args, reporter, undefined);
  const drawnUp = await planSetup(project, {
    backend: args.text("backend"),
    force: args.flag("force"),
    apply: args.flag("apply"),
    now: host.now(),
  });
  const shown = args.flag("yes") ? withOffers(drawnUp) : drawnUp;
  for (const warning of [...project.warnings, ...shown.warnings]) reporter.warn(warning);
  const { choice } = shown;
  reporter.line(`Backend decided by ${choice.decidedByText}`);
  reporter.line(`Setting up sessions...`);
  reporter.line(`Backend: ${choice.backend.name}`);
  const diffs = await showFiles(reporter, shown.files, args.flag("dry-run"));
  const result = await carryOut(host, args, reporter, project.root, shown);
  const { plan } = result;
  if (result.error) reporter.error(result.error);
  else if (DONE.has(result.outcome)) showNextSteps(host, args, reporter, plan);
  reporter.document({
    command: "session:setup",
    backend: choice.backend.name,
    decidedBy: choice.decidedBy,
    dryRun: args.flag("dry-run"),
    outcome: result.outcome,
    files: fileFields(plan.files, diffs),
    statements: plan.statements,
    table: result.table ?? null,
    nextSteps: stepsOf(plan),
    exitCode: result.exitCode,
    durationMs: host.now().getTime() - start,
  }, result.error);
  return result.exitCode;
}

/** Those after which something is left to do. */
const DONE = new Set<SetupOutcome>(["written", "unchanged", "planned"]);

async function carryOut(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  root: string,
  shown: SetupPlan,
): Promise<SetupResult> {
  const conflict = conflictError(shown.files);
  if (conflict) {
    return { plan: shown, outcome: "conflict", exitCode: ExitCode.failed, error: conflict };
  }
  if (args.flag("dry-run")) {
    for (const statement of shown.statements) {
      for (const line of `${statement};`.split("\n")) reporter.line(line);
    }
    reporter.line("Dry run: nothing was written");
    return { plan: shown, outcome: "planned", exitCode: ExitCode.ok };
  }
  if (shown.statements.length > 0) shown.choice.backend.check?.();
  host.handleSignals();
  const plan = await agreedPlan(host, reporter, shown);
  if (plan !== undefined) return { plan, ...await write(host, reporter, root, plan) };
  reporter.note("Nothing was written");
  const { reason } = host.signal;
  return reason instanceof Interruption
    ? { plan: shown, outcome: "interrupted", exitCode: reason.exitCode }
    : { plan: shown, outcome: "declined", exitCode: ExitCode.ok };
}

async function write(
  host: Host,
  reporter: Reporter,
  root: string,
  plan: SetupPlan,
): Promise<Omit<SetupResult, "plan">> {
  try {
    const table = await applySetup(root, plan, host.signal);
    const nothing = changesOf(plan.files).length === 0 && table !== "created";
    showDone(reporter, plan, nothing, table);
    const outcome = nothing ? "unchanged" : "written";
    return { outcome, exitCode: ExitCode.ok, ...(table === undefined ? {} : { table }) };
  } catch (error) {
    if (error instanceof Interruption) return { outcome: "interrupted", exitCode: error.exitCode };
    if (!(error instanceof AzuError)) throw error;
    return { outcome: "failed", exitCode: error.exitCode, error };
  }
}
