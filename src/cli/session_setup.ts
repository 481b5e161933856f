import { applySetup, planSetup, type SetupPlan } from "../commands/session_setup.ts";
import { AzuError, ExitCode } from "../core/errors.ts";
import { conflictError, fileFields, showFiles } from "./files.ts";
import type { Host } from "./host.ts";
import { Interruption } from "./host.ts";
import type { ParsedArgs } from "./parse.ts";
import { loadProjectFor } from "./project.ts";
import type { Reporter } from "./reporter.ts";

/** How a set-up ended: `planned` is a dry run, `conflict` has changed nothing. */
type SetupOutcome = "written" | "unchanged" | "planned" | "conflict" | "failed" | "interrupted";

interface SetupResult {
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
  const plan = await planSetup(project, {
    backend: args.text("backend"),
    force: args.flag("force"),
    apply: args.flag("apply"),
    now: host.now(),
  });
  for (const warning of [...project.warnings, ...plan.warnings]) reporter.warn(warning);
  const { choice } = plan;
  reporter.line(`Backend decided by ${choice.decidedByText}`);
  reporter.line(`Setting up sessions...`);
  reporter.line(`Backend: ${choice.backend.name}`);
  const diffs = await showFiles(reporter, plan.files, args.flag("dry-run"));
  const result = await carryOut(host, args, reporter, project.root, plan);
  if (result.error) reporter.error(result.error);
  else showNextSteps(reporter, plan.nextSteps);
  reporter.document({
    command: "session:setup",
    backend: choice.backend.name,
    decidedBy: choice.decidedBy,
    dryRun: args.flag("dry-run"),
    outcome: result.outcome,
    files: fileFields(plan.files, diffs),
    statements: plan.statements,
    table: result.table ?? null,
    nextSteps: plan.nextSteps,
    exitCode: result.exitCode,
    durationMs: host.now().getTime() - start,
  }, result.error);
  return result.exitCode;
}

async function carryOut(
  host: Host,
  args: ParsedArgs,
  reporter: Reporter,
  root: string,
  plan: SetupPlan,
): Promise<SetupResult> {
  const conflict = conflictError(plan.files);
  if (conflict) return { outcome: "conflict", exitCode: ExitCode.failed, error: conflict };
  const unchanged = plan.files.every(({ action }) => action === "unchanged");
  if (args.flag("dry-run")) {
    for (const statement of plan.statements) {
      for (const line of `${statement};`.split("\n")) reporter.line(line);
    }
    reporter.line("Dry run: nothing was written");
    return { outcome: "planned", exitCode: ExitCode.ok };
  }
  if (plan.statements.length > 0) plan.choice.backend.check?.();
  host.handleSignals();
  try {
    const table = await applySetup(root, plan, host.signal);
    showDone(reporter, plan, unchanged, table);
    const outcome = unchanged && table !== "created" ? "unchanged" : "written";
    return { outcome, exitCode: ExitCode.ok, ...(table === undefined ? {} : { table }) };
  } catch (error) {
    if (error instanceof Interruption) return { outcome: "interrupted", exitCode: error.exitCode };
    if (!(error instanceof AzuError)) throw error;
    return { outcome: "failed", exitCode: error.exitCode, error };
  }
}

function showDone(
  reporter: Reporter,
  { choice, files }: SetupPlan,
  unchanged: boolean,
  table: "created" | "present" | undefined,
): void {
  const { address, table: name } = choice.backend.describe();
  if (table !== undefined) {
    const where = `${name ?? ""} in ${address ?? ""}`;
    reporter.line(
      table === "created"
        ? `Created the table ${where}, with its indexes`
        : `The table ${where} is there already`,
    );
  }
  const nothing = unchanged && table !== "created";
  reporter.verified(
    nothing
      ? `Nothing to change: ${files.length} file(s) are as they should be`
      : "Sessions are set up",
  );
}

function showNextSteps(reporter: Reporter, steps: readonly string[]): void {
  if (steps.length === 0) return reporter.line("Nothing is left to do");
  reporter.line("Next steps:");
  steps.forEach((step, index) => reporter.line(`  ${index + 1}. ${step}`));
}
